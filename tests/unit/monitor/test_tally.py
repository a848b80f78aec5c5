"""Amounts that are added up from logs, whatever block each reading ends at."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from keel.chain.abi import Log
from keel.chain.clock import mine
from keel.chain.state import block_head
from keel.model.constants import ETHER
from keel.monitor.tally import Tally
from tests.deployment import Keel
from tests.unit.contracts.hands import deposit


@pytest.fixture
def query(keel: Keel) -> dict[str, str]:
    return {"address": keel.quick.vault.address}


def counted(log: Log) -> Iterator[tuple[str, int]]:
    """Each log counts 1 for its block."""
    yield str(log.block_number), 1


def test_every_block_is_counted_once_whether_heads_are_read_one_by_one_or_at_once(
    keel: Keel, query: dict[str, str], tmp_path: Path
) -> None:
    first = block_head(keel.rpc).number + 1
    arguments = (query, counted, first)
    step_by_step = Tally(*arguments, tmp_path / "a.json", "a", only_reads=True)
    twice = Tally(*arguments, tmp_path / "c.json", "c", only_reads=True)
    told = []
    for number in range(4):
        deposit(keel, keel.actors.holder.address, ETHER)
        if number == 1:
            mine(keel.rpc)
        head = block_head(keel.rpc)
        assert step_by_step.follow(keel.rpc, head)
        assert twice.follow(keel.rpc, head)
        assert twice.follow(keel.rpc, head)
        told.append(set(step_by_step.largest(100)))
    at_once = Tally(*arguments, tmp_path / "b.json", "b", only_reads=True)
    assert at_once.follow(keel.rpc, block_head(keel.rpc))
    assert told == sorted(told, key=len)
    assert told[-1] == set(at_once.largest(100)) == set(twice.largest(100))
    assert len(told[-1]) == 4


def test_those_left_out_make_room_for_others(
    keel: Keel, query: dict[str, str], tmp_path: Path
) -> None:
    first = block_head(keel.rpc).number + 1
    for _ in range(2):
        deposit(keel, keel.actors.holder.address, ETHER)
    tally = Tally(query, counted, first, tmp_path / "a.json", "a", only_reads=True)
    assert tally.follow(keel.rpc, block_head(keel.rpc))
    assert tally.largest(2) != tally.largest(1, frozenset(tally.largest(1)))
    assert len(tally.largest(2, frozenset((str(first),)))) == 1
