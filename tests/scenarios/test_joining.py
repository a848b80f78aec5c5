"""Operators who join an empty Keel."""

from pathlib import Path

import pytest

from keel.chain.state import balance_wei
from keel.consensus.deposit_problems import DepositDataError
from keel.model.constants import ETHER
from keel.model.key_stage import Stage
from keel.scenarios.identity import require_identity
from keel.scenarios.operators import history_of, operators_join, predeposit_keys, write_key_file
from tests.scenarios.scripted_world import ScriptedWorld


def test_operators_predeposit_their_keys(world: ScriptedWorld, tmp_path: Path) -> None:
    before_wei = balance_wei(world.rpc, world.contracts.deposits.address)
    joined = operators_join(world, tmp_path, keys_each=3)
    assert [operator.keys for operator in joined] == [3, 3, 3]
    assert world.contracts.registry.operatorCount() == 3
    assert balance_wei(world.rpc, world.contracts.deposits.address) - before_wei == 9 * ETHER
    require_identity(world)


def test_a_file_that_was_predeposited_is_refused(world: ScriptedWorld, tmp_path: Path) -> None:
    first, second, _ = operators_join(world, tmp_path, keys_each=1)
    manager = world.actors["operator_manager_2"]
    with pytest.raises(DepositDataError, match="predeposited for operator 0"):
        predeposit_keys(world, second.operator_id, manager, first.file)


def test_a_new_file_of_the_same_operator_is_not(world: ScriptedWorld, tmp_path: Path) -> None:
    first, *_ = operators_join(world, tmp_path, keys_each=1)
    file = write_key_file(world, tmp_path, first=90, count=1, number=9)
    predeposit_keys(world, first.operator_id, world.actors["operator_manager_1"], file)
    assert len(history_of(world).keys_at(Stage.PREDEPOSITED)) == 4
