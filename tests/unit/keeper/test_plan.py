"""What a keeper does and leaves undone, rule by rule, each with its reason."""

from dataclasses import replace
from typing import Any

import pytest

from keel.keeper.chores import Kind
from keel.keeper.dead_state import WIND_DOWN_GAS, plan_finalising, plan_sweep, plan_wind_down
from keel.keeper.plan import ALARMS, RULES, plan
from keel.keeper.reports import plan_report
from keel.keeper.rewards import CLAIM_GAS, plan_rewards
from keel.keeper.view import Ballots, Deadlock, KeeperView, Rewards, WindDown
from keel.model.commitment import OperatorTotals, operator_leaf, operators_tree
from keel.model.constants import ETHER
from keel.model.frames import State
from keel.model.merkle import verify_merkle_proof
from tests.unit.keeper.views import CALLER, HEAD, TERMS, VIEW, only, why_not

READY = Ballots(
    ref_slot=63,
    signatures=3,
    needed=3,
    applicable_at=0,
    since_slot=HEAD.slot - TERMS.grace_slots,
    arguments=("report", 1, [], 0),
)


def with_ballots(**others: Any) -> KeeperView:
    return replace(VIEW, ballots=replace(READY, **others))


def test_a_report_that_nobody_posted_is_posted() -> None:
    chore = only(plan_report(with_ballots()))
    assert (chore.contract, chore.function, chore.arguments) == (
        "oracle",
        "submit",
        READY.arguments,
    )
    assert "3 equal ballots of 3 needed, and for 4 slots no member has posted it" in chore.why


@pytest.mark.parametrize(
    ("others", "reason"),
    [
        ({"signatures": 2}, "has 2 of 3 equal ballots"),
        ({"since_slot": HEAD.slot - 3}, "left to the members for 4 slots, 3 have passed"),
        ({"applicable_at": HEAD.time + 1}, "applies in 1 s at the earliest"),
        ({"refusal": "RefTimeTooEarly"}, "the oracle refuses"),
    ],
)
def test_a_report_that_is_not_ready_is_not(others: dict[str, Any], reason: str) -> None:
    findings = plan_report(with_ballots(**others))
    assert not findings.chores
    assert reason in why_not(findings)


def test_an_announced_report_is_posted_in_the_second_from_which_it_applies() -> None:
    assert plan_report(with_ballots(applicable_at=HEAD.time)).chores


LEAVES = (
    OperatorTotals(0, 2, 0, 0, 10**24),
    OperatorTotals(1, 3, 0, 0, 2 * 10**24),
    OperatorTotals(2, 0, 0, 0, 10**20),
)
REWARDS = Rewards(
    operators_root=operators_tree(LEAVES).root,
    leaves=LEAVES,
    claimed_shares={0: 10**24, 1: 10**24, 2: 0},
    total_shares=10**27,
    visible_wei=10**18,
)


def test_an_operator_is_paid_what_its_leaf_has_more_than_it_claimed() -> None:
    view = replace(VIEW, rewards=REWARDS)
    chore = only(plan_rewards(view))
    leaf, proof = chore.arguments
    assert leaf == (1, 3, 0, 0, 2 * 10**24, 0, 0, 0)
    assert verify_merkle_proof(REWARDS.operators_root, operator_leaf(LEAVES[1]), proof)
    assert chore.why == "operator 1 has earned kETH worth 0.001 ETH"
    assert "operator 2 has earned 0 ETH" in why_not(plan_rewards(view))


def test_what_is_worth_less_than_the_trouble_waits() -> None:
    terms = replace(TERMS, min_reward_wei=10**15)
    exactly = replace(VIEW, rewards=REWARDS, terms=terms)
    assert plan_rewards(exactly).chores
    more = replace(exactly, terms=replace(terms, min_reward_wei=10**15 + 1))
    assert not plan_rewards(more).chores


def test_a_claim_must_be_worth_ten_times_its_gas_at_the_head() -> None:
    price_wei = 10**15 // (10 * CLAIM_GAS)
    terms = replace(TERMS, min_reward_wei=1, tip_wei=price_wei // 3)
    head = replace(HEAD, base_fee_wei=price_wei - price_wei // 3)
    affordable = replace(VIEW, rewards=REWARDS, terms=terms, head=head)
    assert [chore.arguments[0][0] for chore in plan_rewards(affordable).chores] == [1]
    for dearer in (
        replace(affordable, head=replace(head, base_fee_wei=head.base_fee_wei + 1)),
        replace(affordable, terms=replace(terms, tip_wei=terms.tip_wei + 1)),
    ):
        findings = plan_rewards(dearer)
        assert not findings.chores
        assert "operator 1 has earned 0.001 ETH" in why_not(findings)
        assert "gas for it costs 0.0001 ETH now" in why_not(findings)


def test_dust_sent_to_the_registry_triggers_no_claim() -> None:
    gwei_price = replace(HEAD, base_fee_wei=10**9)
    terms = replace(TERMS, min_reward_wei=1)
    dust = replace(REWARDS, claimed_shares={0: 10**24, 1: 2 * 10**24, 2: 0})
    findings = plan_rewards(replace(VIEW, rewards=dust, terms=terms, head=gwei_price))
    assert not findings.chores
    assert plan_rewards(replace(VIEW, rewards=dust, terms=terms)).chores


def test_leaves_that_nobody_has_are_waited_for() -> None:
    findings = plan_rewards(replace(VIEW, rewards=replace(REWARDS, leaves=None)))
    assert not findings.chores
    assert f"no member has the leaves with the root 0x{REWARDS.operators_root.hex()}" in why_not(
        findings
    )


DEAD = Deadlock(
    last_finalised=2,
    payable_to=5,
    payable_after_sweep=7,
    sweepable_wei=ETHER,
    sweep_refusal=None,
    wind_down=WindDown(live_keys=2),
)


def when_dead(**others: Any) -> KeeperView:
    return replace(VIEW, state=State.DEAD, deadlock=replace(DEAD, **others))


def test_in_the_dead_state_tickets_are_finalised_with_the_hint_and_ether_swept() -> None:
    finalising, sweeping = only(plan_finalising(when_dead())), only(plan_sweep(when_dead()))
    assert (finalising.function, finalising.arguments) == ("finaliseWithoutReport", (5,))
    assert (sweeping.function, sweeping.arguments) == ("sweepWithdrawals", ())
    assert "pays 3 tickets up to 5" in finalising.why
    assert "pays 2 tickets more" in sweeping.why


def test_before_the_oracle_is_dead_reports_do_both() -> None:
    stale = replace(when_dead(), state=State.STALE)
    assert not plan_finalising(stale).chores
    assert not plan_sweep(stale).chores


def test_a_sweep_that_pays_no_further_ticket_is_not_made_nor_one_that_is_refused() -> None:
    assert not plan_sweep(when_dead(payable_after_sweep=5)).chores
    refused = plan_sweep(when_dead(sweep_refusal="SweepTooEarly(possibleAt=7, nowTime=6)"))
    assert not refused.chores
    assert "SweepTooEarly" in why_not(refused)


def test_nothing_is_finalised_that_the_buffer_does_not_pay() -> None:
    findings = plan_finalising(when_dead(payable_to=2))
    assert not findings.chores
    assert why_not(findings) == "the buffer pays no ticket after 2"


LEFT = WindDown(live_keys=0, staked_wei=ETHER, held_wei=2 * ETHER, last_ticket=9)


def left(**others: Any) -> KeeperView:
    return when_dead(wind_down=replace(LEFT, **others))


def test_once_no_validator_is_left_the_vault_is_wound_down_in_place_of_a_sweep() -> None:
    chore = only(plan_wind_down(left()))
    assert (chore.contract, chore.function, chore.arguments) == ("vault", "windDown", (9,))
    assert "1 ETH staked, the two vaults hold 2 ETH" in chore.why
    assert not plan_sweep(left()).chores
    assert plan_sweep(left(refusal="SweepTooEarly")).chores
    waits = plan_wind_down(when_dead())
    assert (waits.chores, why_not(waits)) == ((), "2 staked keys not proven to be paid out")
    assert not plan_wind_down(replace(left(), state=State.STALE)).chores
    assert "SweepTooEarly" in why_not(plan_wind_down(left(refusal="SweepTooEarly")))


def test_what_may_be_on_its_way_is_waited_for_and_sweeps_go_on() -> None:
    waiting = left(
        staked_wei=3 * ETHER, loss_at=HEAD.time + 7_200, refusal="WindDownTooEarly(possibleAt=1)"
    )
    findings = plan_wind_down(waiting)
    assert not findings.chores
    assert why_not(findings) == (
        "1 ETH may be on the way still, and count as lost in 2 h; the two vaults hold 2 ETH"
    )
    assert plan_sweep(waiting).chores


def test_what_comes_later_is_brought_in_only_where_it_is_worth_its_gas() -> None:
    price_wei = 10**9
    least_wei = 10 * WIND_DOWN_GAS * price_wei
    worth = replace(
        left(staked_wei=0, held_wei=least_wei), head=replace(HEAD, base_fee_wei=price_wei)
    )
    assert plan_wind_down(worth).chores
    dearer = replace(worth, head=replace(HEAD, base_fee_wei=price_wei + 1))
    assert not plan_wind_down(dearer).chores
    assert "nothing is staked" in why_not(plan_wind_down(dearer))
    assert not plan_wind_down(left(staked_wei=0, held_wei=0)).chores
    assert plan_wind_down(left(held_wei=0)).chores  # what is missing is a loss


def test_a_late_oracle_and_a_low_gas_balance_are_alarms() -> None:
    assert plan(VIEW).alarms == {}
    assert "dead" in plan(when_dead()).alarms
    assert "stale" in plan(replace(VIEW, state=State.STALE)).alarms
    assert "slashings_proven" in plan(replace(VIEW, state=State.SLASHED)).alarms
    poor = replace(CALLER, balance_wei=TERMS.low_balance_wei - 1)
    assert "low_balance" in plan(replace(VIEW, caller=poor)).alarms
    enough = replace(CALLER, balance_wei=TERMS.low_balance_wei)
    assert plan(replace(VIEW, caller=enough)).alarms == {}


def test_every_kind_has_its_rule_and_every_alarm_its_name() -> None:
    assert {kind for kind, _ in RULES} == set(Kind)
    everything = replace(
        VIEW,
        stakeable_validators=1,
        state=State.DEAD,
        deadlock=DEAD,
        caller=replace(CALLER, balance_wei=0),
    )
    assert set(plan(everything).alarms) == {"keys_exhausted", "dead", "low_balance"}
    assert set(plan(everything).alarms) <= set(ALARMS)


def test_a_quiet_protocol_gives_every_rule_a_reason() -> None:
    quiet = plan(VIEW)
    assert quiet.chores == ()
    assert {undone.kind for undone in quiet.undone} == set(Kind)
