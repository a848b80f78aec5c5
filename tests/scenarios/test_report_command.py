"""`ape run report` plays the committee on a chain that people use."""

from pathlib import Path

import pytest

from keel.chain.clock import jump
from keel.model.constants import ETHER
from scripts.claim import cli as claim
from scripts.operators import cli as operators
from scripts.report import cli as report
from scripts.request import cli as request
from scripts.stake import cli as stake
from tests.deployment import Keel
from tests.scenarios.terminal import Terminal
from tests.scenarios.test_operator_commands import write_keys


@pytest.fixture
def staked(keel: Keel, terminal: Terminal, tmp_path: Path) -> Terminal:
    """100 ETH in Keel, 64 of them with two validators."""
    terminal.succeed(operators, "add", "Harbour", "--manager", "operator_manager_1")
    terminal.succeed(operators, "add-keys", str(write_keys(keel, tmp_path)))
    terminal.succeed(stake, "99")
    terminal.succeed(operators, "stake", "--most", "2")
    return terminal


def test_a_frame_pays_rewards_and_tickets(keel: Keel, staked: Terminal) -> None:
    staked.succeed(request, "10")
    told = staked.succeed(report)
    assert "5 members signed" in told
    assert "Tickets are finalised up to 1" in told
    assert "The identity holds to the wei." in told
    assert "10 ETH paid for 1 of 1 tickets" in staked.succeed(claim)
    assert keel.quick.vault.call("totals")[2] > 0


def test_frames_follow_each_other(keel: Keel, staked: Terminal) -> None:
    for _ in range(3):
        staked.succeed(report)
    assert "Operator 0 received kETH worth" in staked.succeed(report, "--pay-rewards")
    assert keel.quick.registry.call("claimedShares", 0) > 0


def test_an_idle_frame_changes_nothing(keel: Keel, staked: Terminal) -> None:
    before = keel.quick.vault.call("totals")
    staked.succeed(report, "--idle")
    assert keel.quick.vault.call("totals") == before


def test_a_loss_is_applied_at_once_within_the_limit(keel: Keel, staked: Terminal) -> None:
    assert "Loss 1 ETH" in staked.succeed(report, "--lose", "1")
    assert keel.quick.vault.call("totals")[1] == 99 * ETHER


def test_a_loss_beyond_the_limit_is_announced(keel: Keel, staked: Terminal) -> None:
    assert "so it is announced" in staked.succeed(report, "--lose", "1.1")
    assert keel.quick.vault.call("totals")[1] == 100 * ETHER


def test_a_report_opens_deposits_again(keel: Keel, terminal: Terminal) -> None:
    jump(keel.rpc, 4 * keel.profile.frame_seconds)
    assert "the state is stale" in terminal.refuse(stake, "1")
    terminal.succeed(report)
    terminal.succeed(stake, "1")


def test_without_validators_nothing_can_be_lost(terminal: Terminal) -> None:
    assert "there are no validators" in terminal.refuse(report, "--lose", "1")


def test_losing_and_idling_exclude_each_other(terminal: Terminal) -> None:
    line = terminal.refuse(report, "--lose", "1", "--idle", code=2)
    assert "give either --lose or --idle" in line
