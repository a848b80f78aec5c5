"""`ape run demo` on chains of its own: it ends well, and it stops when 1 wei is off."""

import io
import re

import pytest
from click.testing import CliRunner
from rich.console import Console

from keel.chain.state import balance_wei, set_balance_wei
from keel.commands.demo import cli
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.life import CHAPTERS
from keel.scenarios.narration import tell_life
from keel.terminal.faults import Fault


def test_the_demo_tells_every_chapter_and_ends_well() -> None:
    result = CliRunner().invoke(cli, ["--fast"], catch_exceptions=False)
    assert result.exit_code == 0
    for chapter in CHAPTERS:
        assert chapter.title in result.output
    assert result.output.count("identity holds to the wei") == len(CHAPTERS) + 1
    told = " ".join(result.output.split())
    assert "Ethereum's executable specification" in told
    assert "Ending the processes and the chain ... Every wei was accounted for" in told
    counted = re.search(r"accounted for, after each of (\d+) reports", told)
    assert counted is not None
    assert int(counted[1]) >= 20
    borne = re.findall(
        r"loss of ([\d.]+) ETH: forfeited bonds bore ([\d.]+), unvested rewards [\d.]+, "
        r"insurance ([\d.]+), holders ([\d.]+), tickets ([\d.]+)\.",
        told,
    )
    unproven, proven = ([float(part) for part in parts] for parts in borne)
    assert (unproven[0] > 0, unproven[1], *unproven[3:]) == (True, 0, 0, 0)
    assert all(part > 0 for part in proven)
    assert proven[1] > 3, "three bonds"
    expected = re.search(r"says that they will lose ([\d.]+) ETH more", told)
    taken = re.search(r"epochs after the slashing the chain took ([\d.]+) ETH", told)
    assert expected is not None
    assert taken is not None
    assert float(expected[1]) > float(taken[1]) > 0.4
    assert "and a loss of 0 ETH: who left in between left no loss behind" in told
    _require_front_run_without_loss(told)
    _require_run_without_gain(told)
    _require_processes_at_work(told)


def _require_front_run_without_loss(told: str) -> None:
    """The operator that deposited first is frozen, and the pool has what it had."""
    assert "so it pays to the attacker." in told
    assert "the operator is frozen. To stake on the key is refused (NothingToStake())" in told
    assert "another predeposit (OperatorFrozen(operatorId=3))" in told
    assert "The pool had 881 ETH before and has 881 ETH: the 2 ETH that this validator" in told
    assert "that 8 validators of operator 0 pay to Keel" in told


def _require_run_without_gain(told: str) -> None:
    """The keeper's proof is there within slots; who runs then loses what those lose who stay."""
    proven = re.search(r"(\d+) slots later the keeper had proven 3 slashings of 96 ETH", told)
    assert proven is not None
    assert int(proven[1]) <= 6
    assert "the state is slashed." in told
    assert "instant redemption is refused (StateNotNormal(state=2))" in told
    assert "needs one signature more than a quorum; " in told
    assert "Nor can anybody buy in meanwhile (ActionClosed(action=0, state=2))" in told
    lost = re.search(r"Holders lost ([\d.]+) %, ticket \d+ ([\d.]+) %: the run", told)
    assert lost is not None
    assert float(lost[1]) == float(lost[2]) > 0


def _require_processes_at_work(told: str) -> None:
    """What no script did: staking, signing without a member that died, an exit, claims."""
    assert "The keeper proved the other 16 keys, and staked 24 validators (8, 8, 8 by" in told
    assert "operator): 744 ETH of the pool" in told
    assert "The 24 ETH that operators had predeposited are wkETH of their bonds now." in told
    killed = re.search(r"\(reporter_3\) was killed .* came anyway, signed by (.*?)\.", told)
    assert killed is not None
    assert "oracle_member_3" not in killed[1]
    assert killed[1].count("oracle_member") >= 3
    assert re.search(r"Started again as process \d+, it signed the report of slot \d+\.", told)
    assert re.search(r"on the keeper's request \(EIP-7002\), validator \d+.* began to exit", told)
    assert "so it is refused (NothingMissing())" in told
    assert "The depositor received 99.9999 ETH." in told  # 100 less 1 wei (QUE-1)
    assert told.count("The keeper proved leaves of operator") == 3


def test_one_wei_off_stops_the_demo_with_exit_code_1() -> None:
    def force_one_wei(chapter: int, world: BeaconWorld) -> None:
        if chapter == 2:
            vault = world.contracts.vault.address
            set_balance_wei(world.rpc, vault, balance_wei(world.rpc, vault) + 1)

    screen = io.StringIO()
    with pytest.raises(Fault, match=r"the accounts do not add up: .* \+1 wei") as caught:
        tell_life(0.0, fast=True, console=Console(file=screen, width=200), interfere=force_one_wei)
    assert caught.value.exit_code == 1
    assert screen.getvalue().count("identity holds to the wei") == 2
    assert CHAPTERS[2].title not in screen.getvalue()
