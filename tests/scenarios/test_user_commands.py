"""`ape run stake|wrap|request|claim|redeem|status`, given to a real chain."""

from pathlib import Path

import pytest

from keel.commands.claim import cli as claim
from keel.commands.redeem import cli as redeem
from keel.commands.request import cli as request
from keel.commands.stake import cli as stake
from keel.commands.status import cli as status
from keel.commands.wrap import cli as wrap
from keel.deploy.manifest import make_manifest
from keel.deploy.replacement import deploy_replacement, plan_replacement
from keel.deploy.sender import NodeSender
from keel.formatting.amounts import exact_ether
from keel.model.constants import DAY, ETHER, RAY, TICKS_PER_SECOND
from keel.model.rounding import ceil_div
from keel.scenarios.members import report
from keel.terminal import user_actions
from tests.deployment import Keel
from tests.scenarios.scripted_world import ScriptedWorld
from tests.scenarios.terminal import Terminal
from tests.unit.contracts.vaults import change, replace_modules
from tests.unit.contracts.vaults import stake as stake_keys


def test_stake_pays_in_for_keth(keel: Keel, terminal: Terminal) -> None:
    told = terminal.succeed(stake, "1.5")
    assert "1.5 ETH will become 1.5 kETH." in told
    assert keel.quick.vault.balanceOf(keel.actors.depositor.address) == 3 * ETHER // 2


def test_stake_pays_in_for_wketh(keel: Keel, terminal: Terminal) -> None:
    terminal.succeed(stake, "2", "--wrapped", "--account", "holder")
    assert keel.quick.wrapped.balanceOf(keel.actors.holder.address) == 2 * ETHER


def test_stake_takes_all_that_the_limit_leaves(keel: Keel, terminal: Terminal) -> None:
    """LIM-1 rounds up to a tick, LIM-2 down: by as much less may be left, if no second passes."""
    limit_wei = keel.quick.vault.depositableWei()
    terminal.succeed(stake, str(limit_wei // ETHER))
    tick_wei = ceil_div(keel.profile.deposit_limit_wei, DAY * TICKS_PER_SECOND)
    left_wei = limit_wei % ETHER - tick_wei
    assert left_wei <= keel.quick.vault.depositableWei() <= limit_wei // 100


def test_stake_refuses_more_than_the_limit_leaves(keel: Keel, terminal: Terminal) -> None:
    most_wei = keel.quick.vault.depositableWei()
    line = terminal.refuse(stake, str(most_wei // ETHER + 1))
    assert f"{most_wei // ETHER + 1} ETH is more than can be deposited now: 1" in line
    assert keel.quick.vault.balanceOf(keel.actors.depositor.address) == 0


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        ("0", "0 is not above 0"),
        ("-1", "-1 is not above 0"),
        ("much", "'much' is not an amount such as 1.5"),
        ("1.0000000000000000001", "has more than 18 decimals"),
    ],
)
def test_stake_refuses_what_is_no_amount(terminal: Terminal, amount: str, reason: str) -> None:
    assert reason in terminal.refuse(stake, amount, code=2)


def test_stake_names_the_accounts_there_are(terminal: Terminal) -> None:
    line = terminal.refuse(stake, "1", "--account", "nobody", code=2)
    assert "account 'nobody' is unknown, one of" in line
    assert "depositor" in line


def test_a_network_without_a_chain_is_named(terminal: Terminal) -> None:
    nowhere = Terminal("http://127.0.0.1:9", terminal.manifest)
    assert "no chain answers at http://127.0.0.1:9" in nowhere.refuse(stake, "1")


def test_a_missing_manifest_is_named(terminal: Terminal, tmp_path: Path) -> None:
    elsewhere = Terminal(terminal.url, tmp_path / "none.json")
    assert "none.json' does not exist" in elsewhere.refuse(status, code=2)


def test_wrap_and_back(keel: Keel, terminal: Terminal) -> None:
    terminal.succeed(stake, "3")
    terminal.succeed(wrap, "2")
    terminal.succeed(wrap, "0.5", "--back")
    depositor = keel.actors.depositor.address
    assert keel.quick.wrapped.balanceOf(depositor) == 3 * ETHER // 2
    assert keel.quick.vault.balanceOf(depositor) == 3 * ETHER // 2


def test_wrap_refuses_more_than_there_is(terminal: Terminal) -> None:
    terminal.succeed(stake, "3")
    assert "3.1 kETH is more than" in terminal.refuse(wrap, "3.1")


def test_a_ticket_is_requested_and_claimed(local_world: ScriptedWorld, terminal: Terminal) -> None:
    terminal.succeed(stake, "10")
    assert "ticket 1 requested" in terminal.succeed(request, "4")
    assert "has no ticket that can be claimed" in terminal.refuse(claim)
    assert "ticket 1 is not finalised yet" in terminal.refuse(claim, "1")
    assert "ticket 2 does not exist, the last one is 1" in terminal.refuse(claim, "2")
    report(local_world)
    assert "4 ETH paid for 1 of 1 tickets" in terminal.succeed(claim)
    assert "ticket 1 was claimed before" in terminal.refuse(claim, "1")


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_several_tickets_are_claimed_at_once(
    local_world: ScriptedWorld, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(user_actions, "_TICKETS_AT_ONCE", at_once)
    terminal.succeed(stake, "10")
    terminal.succeed(request, "4")
    terminal.succeed(request, "1")
    report(local_world)
    assert "5 ETH paid for 2 of 2 tickets" in terminal.succeed(claim)


def test_a_request_above_the_largest_ticket_becomes_several(keel: Keel, terminal: Terminal) -> None:
    terminal.succeed(stake, "2500")
    assert "for 3 tickets" in terminal.succeed(request, "2500")
    tickets = keel.quick.queue.tickets([1, 2, 3])
    assert sum(ticket.amountWei for ticket in tickets) == 2_500 * ETHER


def test_a_whole_balance_becomes_several_tickets_after_a_loss(
    keel: Keel, terminal: Terminal
) -> None:
    """QUE-1: at an odd index each of them lacked a part of a wei."""
    vault, queue, who = keel.quick.vault, keel.quick.queue, keel.actors.depositor.address
    terminal.succeed(stake, "2500")
    terminal.succeed(request, "1")
    stake_keys(keel, 3)
    change(keel, -7 * ETHER // 3)
    assert queue.pending().index < RAY
    held_wei = vault.balanceOf(who)
    assert "for 3 tickets" in terminal.succeed(request, exact_ether(held_wei))
    assert sum(ticket.amountWei for ticket in queue.tickets([2, 3, 4])) == held_wei
    assert vault.balanceOf(who) <= 1


def test_a_request_below_the_smallest_ticket_is_refused(terminal: Terminal) -> None:
    terminal.succeed(stake, "1")
    line = terminal.refuse(request, "0.0009")
    assert "0.0009 ETH is too small, at least 0.001 ETH expected" in line
    terminal.succeed(request, "0.001")


def test_redeem_pays_what_was_announced(keel: Keel, terminal: Terminal) -> None:
    terminal.succeed(stake, "100")
    told = terminal.succeed(redeem, "10")
    announced = told.partition("will become ")[2].partition(" ETH")[0]
    assert f"received {announced} ETH" in told
    assert keel.quick.vault.balanceOf(keel.actors.depositor.address) == 90 * ETHER


def test_redeem_keeps_to_the_minimum(terminal: Terminal) -> None:
    terminal.succeed(stake, "100")
    assert "redeem is refused: BelowMinimumOut(" in terminal.refuse(redeem, "10", "--min-out", "10")


def test_redeem_keeps_to_the_limit_of_a_day(terminal: Terminal) -> None:
    terminal.succeed(stake, "6000")
    line = terminal.refuse(redeem, "5100")
    assert "is more than can be redeemed now: 5000 ETH" in line
    terminal.succeed(redeem, "4900")


def test_status_shows_every_term_of_the_identity(terminal: Terminal) -> None:
    terminal.succeed(stake, "41")
    terminal.succeed(request, "2")
    told = terminal.succeed(status)
    for part in (
        "state normal",
        "B buffered in the vault 43",
        "A backing of all shares 41",
        "B + C + P = A + Q 43",
        "3 of 5 members",
        "tickets: 1 of 1 wait",
    ):
        assert part in told


def test_status_names_who_signed_the_last_report(
    local_world: ScriptedWorld, terminal: Terminal
) -> None:
    assert "signed by nobody lately" in terminal.succeed(status)
    report(local_world, local_world.members[1:4])
    told = terminal.succeed(status)
    names = "oracle_member_2, oracle_member_3, oracle_member_4"
    assert f"signed by {names}; posted by oracle_member_2" in told


def test_status_shows_the_oracle_that_the_vault_has_now(keel: Keel, terminal: Terminal) -> None:
    """MOD-2: whatever the manifest says."""
    assert "3 of 5 members" in terminal.succeed(status)
    manifest = make_manifest(keel.rpc, keel.plan, keel.deployment.block, keel.artifacts)
    fewer = keel.configuration.model_copy(update={"members": keel.configuration.members[:4]})
    successor = plan_replacement(manifest, keel.artifacts, "oracle", "2", fewer)
    deploy_replacement(keel.rpc, successor, NodeSender(keel.rpc, keel.actors.stranger.address))
    assert "3 of 5 members" in terminal.succeed(status)
    replace_modules(keel, oracle=successor.address)
    told = terminal.succeed(status)
    assert "3 of 4 members" in told
    assert "none by this oracle" in told


def test_status_of_an_account_shows_what_it_has(terminal: Terminal) -> None:
    terminal.succeed(stake, "41")
    terminal.succeed(request, "2")
    told = terminal.succeed(status, "--account", "depositor")
    assert "kETH 39" in told
    assert "ticket 1 2 ETH likely paid in" in told
