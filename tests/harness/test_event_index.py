"""The index of events follows the chain wherever it goes, backwards too."""

from collections.abc import Sequence
from typing import Any

import pytest

from keel.chain.clock import jump, restore_snapshot, take_snapshot
from keel.chain.rpc import Request, RpcClient
from keel.chain.state import BlockHead, block_head
from keel.dashboard.deployment import TOLD
from keel.model.constants import ETHER, FUND_SEED_WEI
from keel.sight import event_index
from keel.sight.event_index import ChainMovedError, EventIndex
from tests.deployment import Keel

_NOBODY = "0x" + "0" * 40


def deposit(keel: Keel, amount_wei: int) -> None:
    depositor = keel.actors.depositor.address
    keel.quick.vault.deposit.send(depositor, _NOBODY, sender=depositor, value_wei=amount_wei)


def deposits(index: EventIndex) -> list[int]:
    """Amounts of the test's own deposits, without the constructor's and the fund's seed."""
    found = [e.inputs["assetsWei"] for e in index.events if e.name == "Deposited"]
    assert found[:2] == [ETHER, FUND_SEED_WEI]
    return found[2:]


@pytest.fixture
def index(keel: Keel) -> EventIndex:
    return EventIndex(keel.quick, keel.deployment.block, TOLD)


def follow(index: EventIndex, keel: Keel) -> bool:
    return index.follow(keel.rpc, block_head(keel.rpc))


def test_events_come_once_and_in_order(keel: Keel, index: EventIndex) -> None:
    assert follow(index, keel)
    for amount_wei in (1 * ETHER, 2 * ETHER):
        deposit(keel, amount_wei)
        follow(index, keel)
    follow(index, keel)
    assert deposits(index) == [1 * ETHER, 2 * ETHER]
    places = [(e.event.log.block_number, e.event.log.log_index) for e in index.events]
    assert places == sorted(set(places))


def test_times_are_those_of_the_blocks(keel: Keel, index: EventIndex) -> None:
    jump(keel.rpc, 1_000)
    deposit(keel, ETHER)
    follow(index, keel)
    assert index.events[-1].time == block_head(keel.rpc).timestamp


def test_of_wketh_only_mints_and_burns_are_kept(keel: Keel, index: EventIndex) -> None:
    holder, wrapped = keel.actors.holder.address, keel.quick.wrapped
    keel.quick.vault.depositWrapped.send(holder, _NOBODY, sender=holder, value_wei=ETHER)
    wrapped.transfer.send(keel.actors.stranger.address, ETHER // 2, sender=holder)
    wrapped.redeem.send(ETHER // 4, holder, holder, sender=holder)
    follow(index, keel)
    moved = [e.inputs["value"] for e in index.events if e.name == "Transfer"]
    assert moved == [FUND_SEED_WEI, ETHER, ETHER // 4]


def test_a_long_history_is_read_in_ranges(
    keel: Keel, index: EventIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_index, "RANGE_BLOCKS", 2)
    monkeypatch.setattr(event_index, "_RANGES_AT_ONCE", 3)
    for _ in range(5):
        deposit(keel, ETHER)
    reached = [follow(index, keel)]
    while not reached[-1]:
        reached.append(follow(index, keel))
    assert len(reached) > 1
    assert deposits(index) == [ETHER] * 5
    assert index.last_block == block_head(keel.rpc).number


def test_what_a_reorg_took_back_is_forgotten(keel: Keel, index: EventIndex) -> None:
    deposit(keel, 1 * ETHER)
    follow(index, keel)
    snapshot = take_snapshot(keel.rpc)
    for _ in range(3):
        deposit(keel, 2 * ETHER)
        follow(index, keel)
    restore_snapshot(keel.rpc, snapshot)
    jump(keel.rpc, 60)
    deposit(keel, 3 * ETHER)
    follow(index, keel)
    assert deposits(index) == [1 * ETHER, 3 * ETHER]


def test_a_chain_that_became_shorter_is_followed_back(keel: Keel, index: EventIndex) -> None:
    snapshot = take_snapshot(keel.rpc)
    deposit(keel, ETHER)
    follow(index, keel)
    assert deposits(index) == [ETHER]
    restore_snapshot(keel.rpc, snapshot)
    follow(index, keel)
    assert deposits(index) == []
    assert index.last_block <= block_head(keel.rpc).number


def test_a_chain_with_nothing_in_common_is_read_from_the_start(
    keel: Keel, index: EventIndex
) -> None:
    before = take_snapshot(keel.rpc)
    jump(keel.rpc, 5)
    deposit(keel, 1 * ETHER)
    first = EventIndex(keel.quick, block_head(keel.rpc).number, TOLD)
    follow(first, keel)
    restore_snapshot(keel.rpc, before)
    jump(keel.rpc, 7)
    deposit(keel, 2 * ETHER)
    follow(first, keel)
    assert [e.inputs["assetsWei"] for e in first.events if e.name == "Deposited"] == [2 * ETHER]


class _Replacing(RpcClient):
    """A node whose head is replaced by another block of the same number while logs are read."""

    def __init__(self, keel: Keel, snapshot: str) -> None:
        super().__init__(keel.rpc.url)
        self._keel = keel
        self._snapshot: str | None = snapshot

    def batch(self, requests: Sequence[Request]) -> list[Any]:
        answers = super().batch(requests)
        if self._snapshot is not None:
            restore_snapshot(self._keel.rpc, self._snapshot)
            jump(self._keel.rpc, 99)
            self._snapshot = None
        return answers


def test_blocks_replaced_while_they_are_read_are_read_again(keel: Keel, index: EventIndex) -> None:
    follow(index, keel)
    rpc = _Replacing(keel, take_snapshot(keel.rpc))
    deposit(keel, ETHER)
    head = block_head(keel.rpc)
    with rpc, pytest.raises(ChainMovedError, match=f"block {head.number} was replaced"):
        index.follow(rpc, head)
    assert deposits(index) == []
    assert follow(index, keel)
    assert index.last_block == block_head(keel.rpc).number


def test_a_head_that_is_gone_already_is_told(keel: Keel, index: EventIndex) -> None:
    head = block_head(keel.rpc)
    gone = BlockHead(head.number, "0x" + "00" * 32, head.timestamp, 0, 0)
    with pytest.raises(ChainMovedError):
        index.follow(keel.rpc, gone)
    assert index.events == ()
