"""Gas: the figures depend on nothing but the contracts, and no change of them goes unnoticed."""

import socket
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from keel.deploy.artifacts import Artifacts
from keel.measure.gas import command
from keel.measure.gas.errors import CheckFailedError, SnapshotError, UnknownOperationError
from keel.measure.gas.goals import GOALS
from keel.measure.gas.operations import OPERATIONS
from keel.measure.gas.page import PAGE, page_with
from keel.measure.gas.scenario import NAMES, measure, steady_world
from keel.measure.gas.snapshot import (
    differences,
    earlier_snapshot,
    parse_snapshot,
    read_snapshot,
    unexplained_rises,
    write_snapshot,
)
from keel.measure.gas.trace import breakdown

LONG = {"claim", "claim_after_64_losses", "report_cycle_500_operators"}
QUICK = [name for name in OPERATIONS if name not in LONG and "10000" not in name]


def test_another_port_and_hour_give_the_same_integers(artifacts: Artifacts) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    first = measure(artifacts, names=QUICK)
    second = measure(artifacts, port=port, names=QUICK)
    assert first == second
    assert set(first) == {*QUICK, "deploy_all"}


def test_the_order_of_measuring_does_not_matter(artifacts: Artifacts) -> None:
    names = ["report_cycle", "deposit_repeat", "request_repeat"]
    assert measure(artifacts, names=names) == measure(artifacts, names=reversed(names))


def test_classes_of_a_trace_add_up(artifacts: Artifacts) -> None:
    with steady_world(artifacts, traced=True) as world:
        for name in ("deposit_repeat", "claim_many_of_8"):
            receipt = OPERATIONS[name].run(world)
            found = breakdown(world.rpc, receipt.transaction_hash)
            assert sum(found.gas.values()) == found.gas_used == receipt.gas_used
            # Nothing but the rules of the protocol is left over: no floor, and a refund for claims.
            assert found.gas.get("calldata floor", 0) == 0
            assert ("refund" in found.gas) == (name == "claim_many_of_8")
        assert found.counts["SSTORE"] > 0


def test_the_snapshot_has_every_operation_and_the_page_its_table() -> None:
    figures = read_snapshot()
    assert list(figures) == sorted(NAMES)
    assert set(GOALS) < set(figures)
    page = PAGE.read_text()
    assert page_with(figures, page) == page


def test_a_report_costs_the_same_for_many_operators_and_tickets() -> None:
    figures = read_snapshot()
    for name in ("report_cycle_500_operators", "report_cycle_10000_tickets"):
        assert abs(figures[name] - figures["report_cycle"]) * 50 <= figures["report_cycle"]


def test_each_difference_is_named() -> None:
    committed = {"claim": 100, "wrap": 200, "gone": 1}
    assert differences(committed, committed) == []
    assert differences(committed, {"claim": 101, "wrap": 200, "new": 2}) == [
        "claim: 101 measured, 100 committed (+1)",
        "gone: 1 committed, nothing measured",
        "new: 2 measured, nothing committed",
    ]


@pytest.mark.parametrize(("after", "needs_reason"), [(10_100, False), (10_101, True)])
def test_a_rise_above_one_in_a_hundred_needs_a_reason(after: int, needs_reason: bool) -> None:
    found = unexplained_rises({"wrap": 10_000}, {"wrap": after}, "")
    assert bool(found) == needs_reason


def test_a_reason_is_for_one_rise() -> None:
    before, after = {"wrap": 10_000}, {"wrap": 10_200}
    assert unexplained_rises(before, after, "- `wrap` 10,000 to 10,200: a new check\n") == []
    for line in (
        "- `wrap` 10,000 to 10,200:",
        "- `wrap` 9,000 to 10,200: a new check",
        "- `claim` 10,000 to 10,200: a new check",
    ):
        (rise,) = unexplained_rises(before, after, line)
        assert rise.startswith("wrap rose from 10,000 to 10,200")


def test_the_earlier_snapshot_is_the_latest_that_differs(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=Keel", "-c", "user.email=keel@localhost")
        command_line = ["git", "-C", str(tmp_path), *who, *arguments]
        subprocess.run(command_line, check=True)

    git("init", "--quiet")
    for gas in (1, 2):
        write_snapshot({"wrap": gas}, tmp_path / "gas" / "snapshot.json")
        git("add", "gas")
        git("commit", "--quiet", "--message", f"{gas}")
    assert earlier_snapshot({"wrap": 3}, tmp_path) == {"wrap": 2}
    assert earlier_snapshot({"wrap": 2}, tmp_path) == {"wrap": 1}
    assert earlier_snapshot({"wrap": 2}, tmp_path / "gas") is None


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1.5}', '{"a": true}', '{"a": {"b": 1}}'])
def test_only_a_flat_object_of_integers_is_a_snapshot(text: str) -> None:
    with pytest.raises(SnapshotError):
        parse_snapshot(text)
    assert parse_snapshot('{"a": 1}') == {"a": 1}


def test_check_fails_on_one_gas_more(monkeypatch: pytest.MonkeyPatch) -> None:
    committed = read_snapshot()
    monkeypatch.setattr(command, "_rises", lambda _: [])
    monkeypatch.setattr(command, "_measured", lambda _: committed)
    command.run_check(Console(quiet=True))
    changed = dict(committed) | {"wrap_repeat": committed["wrap_repeat"] + 1}
    monkeypatch.setattr(command, "_measured", lambda _: changed)
    with pytest.raises(CheckFailedError, match=r"^wrap_repeat: .*\(\+1\)$"):
        command.run_check(Console(quiet=True))


def test_an_unknown_operation_cannot_be_traced() -> None:
    with pytest.raises(UnknownOperationError, match="no_such"):
        command.run_trace("no_such", Console(quiet=True))
