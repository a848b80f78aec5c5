"""Operators who join an empty Keel."""

from pathlib import Path

import pytest

from keel.consensus.deposit_problems import DepositDataError
from keel.scenarios.operators import commit_keys, operators_join, write_key_file
from tests.scenarios.scripted_world import ScriptedWorld


def test_operators_commit_their_keys(world: ScriptedWorld, tmp_path: Path) -> None:
    joined = operators_join(world, tmp_path, keys_each=3)
    assert [operator.keys for operator in joined] == [3, 3, 3]
    assert world.contracts.registry.operatorCount() == 3


def test_a_file_that_was_committed_is_refused(world: ScriptedWorld, tmp_path: Path) -> None:
    first, second, _ = operators_join(world, tmp_path, keys_each=1)
    manager = world.actors["operator_manager_2"]
    with pytest.raises(DepositDataError, match="committed by operator 0"):
        commit_keys(world, second.operator_id, manager, first.file)


def test_a_new_file_of_the_same_operator_is_not(world: ScriptedWorld, tmp_path: Path) -> None:
    first, *_ = operators_join(world, tmp_path, keys_each=1)
    file = write_key_file(world, tmp_path, first=90, count=1, number=9)
    commit_keys(world, first.operator_id, world.actors["operator_manager_1"], file)
    assert world.contracts.registry.operator(first.operator_id).batches == 2
