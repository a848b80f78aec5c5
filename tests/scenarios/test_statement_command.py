"""`ape run statement`, given to a real chain."""

import csv
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest

from keel.chain.clock import jump, now
from keel.chain.state import set_balance_wei
from keel.commands.claim import cli as claim
from keel.commands.redeem import cli as redeem
from keel.commands.request import cli as request
from keel.commands.stake import cli as stake
from keel.commands.statement import cli as statement
from keel.formatting.amounts import exact_ether
from keel.model.constants import ETHER
from tests.deployment import Keel
from tests.scenarios.terminal import Terminal
from tests.unit.contracts.vaults import change, insure
from tests.unit.contracts.vaults import stake as stake_keys


@pytest.fixture
def turn(keel: Keel, terminal: Terminal) -> str:
    """A history of all kinds of flows; the moment between its two halves."""
    terminal.succeed(stake, "300")
    stake_keys(keel, 2)
    insure(keel, 20 * ETHER)
    change(keel, ETHER // 10)
    terminal.succeed(request, "30")
    jump(keel.rpc, 1_000)
    between = shown(keel)
    change(keel, ETHER // 50)
    terminal.succeed(claim)
    change(keel, 0)
    terminal.succeed(redeem, "5")
    change(keel, -ETHER)
    terminal.succeed(request, "2")
    return between


def shown(keel: Keel) -> str:
    return datetime.fromtimestamp(now(keel.rpc), UTC).isoformat()


def figures(terminal: Terminal, folder: Path, *options: str) -> dict[tuple[str, str], int]:
    """The rows of the tables; a line of one table that has no other of its name."""
    file = folder / "statement.csv"
    terminal.succeed(statement, *options, "--csv", str(file))
    rows = csv.reader(StringIO(file.read_text()))
    found = {(table, line): amount for table, line, amount, _ in rows}
    return {
        place: int(amount) for place, amount in found.items() if place[0] not in ("table", "index")
    }


def test_the_statement_is_what_the_contracts_have_and_its_parts_add_up_to_it(
    keel: Keel, terminal: Terminal, turn: str, tmp_path: Path
) -> None:
    whole = figures(terminal, tmp_path, "--from", "2020-01-01")
    vault, queue = keel.quick.vault, keel.quick.queue
    assert whole["ether", "closing"] == vault.totals().assetsWei + queue.owedWei()
    assert whole["insurance", "closing"] == keel.quick.fund.totalAssets()
    assert whole["payouts", "claimed"] == -30 * ETHER
    assert whole["result", "losses by reports"] == -ETHER
    assert whole["result", "income by reports"] == ETHER // 10 + ETHER // 50
    for account in ("ether", "holders", "unvested", "tickets", "shares", "insurance", "bonds"):
        amounts = [each for place, each in whole.items() if place[0] == account]
        assert any(amounts)
        assert sum(amounts[:-1]) == amounts[-1]

    first = figures(terminal, tmp_path, "--from", "2020-01-01", "--to", turn)
    second = figures(terminal, tmp_path, "--from", turn)
    for place, amount in whole.items():
        match place[1]:
            case "opening" | "from":
                assert first[place] == amount
            case "closing" | "to":
                assert second[place] == amount
            case _:
                assert first[place] + second[place] == amount
    assert first["result", "losses by reports"] == 0 > second["result", "losses by reports"]
    assert first["ether", "closing"] == second["ether", "opening"] > 0


def test_terminal_and_page_show_the_quarter_so_far_to_the_last_digit(
    keel: Keel, terminal: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "statement.html"
    terminal.succeed(stake, "1.000000000000000003")
    backing = keel.quick.vault.totals().assetsWei
    told = terminal.succeed(statement, "--html", str(file))
    page = file.read_text()
    assert f"closing {exact_ether(backing)}" in told
    assert f'<td>closing</td><td class="amount">{exact_ether(backing)}</td><td>ETH</td>' in page
    block = int(keel.rpc.call("eth_blockNumber"), 16)
    words = f"to the wei equal to the accounts of the contracts at block {block}."
    assert words in told
    assert words in page


def test_a_difference_is_told_to_the_wei(keel: Keel, terminal: Terminal) -> None:
    terminal.succeed(stake, "10")
    terminal.succeed(request, "3")
    change(keel, 0)
    terminal.succeed(statement)
    set_balance_wei(keel.rpc, keel.quick.queue.address, 3 * ETHER - 1)
    assert terminal.refuse(statement).endswith(
        f"payouts: the events add up to {3 * ETHER} wei, the contracts have {3 * ETHER - 1}, "
        "a difference of -1"
    )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--quarter", "2026Q5"), "--quarter: '2026Q5' is no period: a quarter such as 2026Q4"),
        (("--from", "2300-01-01"), "the period begins at 2300-01-01 00:00:00 UTC, after the head"),
        (("--to", "1999Q1"), "and ends at 1999-04-01 00:00:00 UTC"),
        (("--quarter", "2026Q4", "--to", "2026Q4"), "give it without --from and --to"),
        (("--csv", "none/here.csv"), "none/here.csv cannot be written: No such file or directory"),
    ],
)
def test_what_cannot_be_stated_is_refused(
    terminal: Terminal, options: tuple[str, ...], reason: str
) -> None:
    assert reason in terminal.refuse(statement, *options, code=2)
