"""What an index has read outlives it: a restart reads the rest and knows as much as before."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keel.chain.clock import jump, restore_snapshot, take_snapshot
from keel.chain.rpc import RpcClient
from keel.chain.state import block_head
from keel.dashboard.deployment import TOLD
from keel.model.constants import ETHER
from keel.sight import event_index
from keel.sight.event_file import EventFile
from keel.sight.event_index import EventIndex, Happened
from tests.deployment import Keel
from tests.robustness.counting import counting

CHAIN_ID = 31337
OTHER_CHAIN_ID = 560048
EVERY_BLOCKS = 4
_NOBODY = "0x" + "0" * 40


def deposit(keel: Keel, amount_wei: int) -> None:
    depositor = keel.actors.depositor.address
    keel.quick.vault.deposit.send(depositor, _NOBODY, sender=depositor, value_wei=amount_wei)


def an_index(keel: Keel, folder: Path | None, **terms: Any) -> EventIndex:
    file = None if folder is None else EventFile(folder, CHAIN_ID, **terms)
    return EventIndex(keel.quick, keel.deployment.block, TOLD, file)


def known(keel: Keel, folder: Path | None, **terms: Any) -> tuple[Happened, ...]:
    """What a process that starts now knows at the head."""
    index = an_index(keel, folder, **terms)
    assert index.follow(keel.rpc, block_head(keel.rpc))
    return index.events


def blocks_read(keel: Keel, index: EventIndex) -> int:
    """How many blocks' logs an index asks for to reach the head."""
    with counting(keel.rpc.url) as node, RpcClient(node.url) as rpc:
        assert index.follow(rpc, block_head(keel.rpc))
        queries = 3  # all contracts, and mints and burns of wkETH
        blocks, left = divmod(node.log_blocks, queries)
        assert left == 0
        return blocks


def test_a_restart_reads_only_what_came_later(keel: Keel, tmp_path: Path) -> None:
    deposit(keel, 1 * ETHER)
    first = an_index(keel, tmp_path)
    whole = blocks_read(keel, first)
    assert whole == block_head(keel.rpc).number - keel.deployment.block + 1
    assert blocks_read(keel, an_index(keel, tmp_path)) == 0
    deposit(keel, 2 * ETHER)
    again = an_index(keel, tmp_path)
    assert blocks_read(keel, again) == 1
    assert again.events == known(keel, None)
    assert len(again.events) > len(first.events) > 0
    assert blocks_read(keel, an_index(keel, None)) == whole + 1


def test_a_restart_at_any_block_reads_again_no_more_than_the_bound(
    keel: Keel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_index, "KEPT_EVERY_BLOCKS", EVERY_BLOCKS)
    running = an_index(keel, tmp_path)
    read_again = []
    for _ in range(3 * EVERY_BLOCKS):
        deposit(keel, ETHER)
        assert running.follow(keel.rpc, block_head(keel.rpc))
        restarted = an_index(keel, tmp_path, only_reads=True)
        read_again.append(blocks_read(keel, restarted))
        assert restarted.events == running.events
    assert read_again == list(range(EVERY_BLOCKS)) * 3


def test_the_bound_is_below_a_day_of_mainnet() -> None:
    assert event_index.KEPT_EVERY_BLOCKS * 12 <= 86_400 // 4


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _turned(content: bytes) -> bytes:
    place = random.Random(7).randrange(len(content))  # noqa: S311 (nothing secret)
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(_cut, id="cut off"),
        pytest.param(_turned, id="one bit turned"),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda _: b"\xff\n[]", id="something else"),
        pytest.param(lambda content: content + b" ", id="longer"),
    ],
)
def test_a_damaged_file_costs_one_line_and_a_fresh_scan(
    keel: Keel,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[bytes], bytes],
) -> None:
    deposit(keel, ETHER)
    before = known(keel, tmp_path)
    (file,) = tmp_path.iterdir()
    good = file.read_bytes()
    file.write_bytes(damage(good))
    assert known(keel, tmp_path) == before
    (line,) = caplog.messages
    assert line == f"{file} is damaged: the chain's events are read again from the start"
    assert file.read_bytes() == good
    assert known(keel, tmp_path) == before
    assert len(caplog.messages) == 1


@pytest.mark.parametrize(
    ("chain_id", "first_block", "names"),
    [
        pytest.param(OTHER_CHAIN_ID, 0, TOLD, id="another chain"),
        pytest.param(CHAIN_ID, 1, TOLD, id="another deployment"),
        pytest.param(CHAIN_ID, 0, {**TOLD, "fund": ("Covered",)}, id="a version with fewer events"),
    ],
)
def test_a_file_of_something_else_costs_one_line_and_a_fresh_scan(
    keel: Keel,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    *,
    chain_id: int,
    first_block: int,
    names: dict[str, tuple[str, ...]],
) -> None:
    other = EventFile(tmp_path, chain_id)
    since = keel.deployment.block + first_block
    EventIndex(keel.quick, since, names, other).follow(keel.rpc, block_head(keel.rpc))
    file = EventFile(tmp_path, CHAIN_ID).path
    other.path.rename(file)
    foreign = file.read_bytes()
    assert known(keel, tmp_path) == known(keel, None) != ()
    (line,) = caplog.messages
    assert line.startswith(f"{file} is of another deployment or version of Keel: ")
    assert file.read_bytes() != foreign
    assert blocks_read(keel, an_index(keel, tmp_path)) == 0
    assert len(caplog.messages) == 1


def test_a_reorg_while_nothing_ran_is_noticed(keel: Keel, tmp_path: Path) -> None:
    index = an_index(keel, tmp_path)
    index.follow(keel.rpc, block_head(keel.rpc))
    common, snapshot = block_head(keel.rpc).number, take_snapshot(keel.rpc)
    for _ in range(3):
        deposit(keel, 2 * ETHER)
    lost = known(keel, tmp_path / "of the lost branch")
    restore_snapshot(keel.rpc, snapshot)
    jump(keel.rpc, 60)
    for amount in (3, 4, 5, 6):
        deposit(keel, amount * ETHER)
    (tmp_path / "of the lost branch").rename(tmp_path / "restarted")
    again = an_index(keel, tmp_path / "restarted")
    assert again.last_block == common + 3
    assert again.events == lost
    assert again.follow(keel.rpc, block_head(keel.rpc))
    assert again.events == known(keel, None)
    amounts = [e.inputs["assetsWei"] for e in again.events if e.name == "Deposited"]
    assert [each // ETHER for each in amounts[-4:]] == [3, 4, 5, 6]
    assert 2 * ETHER not in amounts


def test_after_a_reorg_only_the_replaced_blocks_are_read_again(
    keel: Keel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_index, "KEPT_EVERY_BLOCKS", 1)
    index = an_index(keel, tmp_path)
    index.follow(keel.rpc, block_head(keel.rpc))
    snapshot = take_snapshot(keel.rpc)
    deposit(keel, 2 * ETHER)
    index.follow(keel.rpc, block_head(keel.rpc))
    restore_snapshot(keel.rpc, snapshot)
    jump(keel.rpc, 60)
    deposit(keel, 3 * ETHER)
    replaced = block_head(keel.rpc).number - index.last_block + 1
    again = an_index(keel, tmp_path)
    assert blocks_read(keel, again) == replaced
    assert again.events == known(keel, None)


def test_who_only_reads_leaves_the_file_as_it_is(keel: Keel, tmp_path: Path) -> None:
    known(keel, tmp_path, only_reads=True)
    assert list(tmp_path.iterdir()) == []
    known(keel, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f"events-{CHAIN_ID}.json"]


def test_a_disk_that_refuses_costs_a_line_and_nothing_else(
    keel: Keel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    assert known(keel, in_the_way) == known(keel, None)
    assert [line.rpartition(": ")[2] for line in caplog.messages][-1] in (
        "Not a directory",
        "File exists",
    )
