"""What a keeper does and leaves undone, rule by rule, each with its reason."""

from dataclasses import replace
from typing import Any

import pytest

from keel.consensus.deposit_data import make_deposit_data
from keel.consensus.keys import derive_signing_keys
from keel.consensus.networks import network_named
from keel.keeper.chores import Findings, Kind
from keel.keeper.dead_state import plan_finalising, plan_sweep
from keel.keeper.plan import ALARMS, RULES, plan
from keel.keeper.reports import plan_report
from keel.keeper.rewards import CLAIM_GAS, plan_rewards
from keel.keeper.stakes import plan_stakes
from keel.keeper.staking import DEPOSITED_BEFORE
from keel.keeper.view import Ballots, Deadlock, KeeperView, Keys, Rewards
from keel.model.commitment import OperatorTotals, operator_leaf, operators_tree
from keel.model.constants import ETHER
from keel.model.frames import State
from keel.model.merkle import verify_merkle_proof
from keel.sight.key_batches import CommittedKey, Key
from tests.unit.keeper.views import CALLER, HEAD, TERMS, VIEW, only, operator, why_not

LOCAL = network_named("local")
CREDENTIALS = b"\x01" + bytes(11) + b"\x11" * 20
ENTRIES = [make_deposit_data(key, CREDENTIALS) for key in derive_signing_keys(b"\x07" * 32, 4)]


def committed(number: int, operator_id: int = 0) -> CommittedKey:
    entry = ENTRIES[number]
    key = Key(entry.pubkey, entry.signature, entry.deposit_data_root)
    return CommittedKey(operator_id, 0, number, key, ())


def stakeable(validators: int, *keys: CommittedKey, **others: Any) -> KeeperView:
    held = Keys(keys, {}, CREDENTIALS, LOCAL.genesis_fork_version, b"\x0d" * 32)
    wei = validators * 32 * ETHER
    return replace(VIEW, stakeable_wei=wei, free_wei=wei, keys=replace(held, **others))


def staked(findings: Findings) -> list[int]:
    return [proof[2] for chore in findings.chores for proof in chore.arguments[0]]


def test_free_ether_is_staked_on_the_operators_keys_in_turn_with_the_root_that_was_seen() -> None:
    findings = plan_stakes(stakeable(2, committed(0), committed(1), committed(2, 1)))
    chore = only(findings)
    assert (chore.contract, chore.function, chore.order) == ("registry", "stake", CALLER.stakers)
    assert staked(findings) == [0, 2]
    assert chore.arguments[2] == b"\x0d" * 32
    assert chore.why == "64 ETH is free: 2 validators (1 of operator 0, 1 of operator 1)"
    assert findings.alarms == {}


def test_a_transaction_takes_so_many_and_the_rest_comes_later() -> None:
    view = stakeable(3, committed(0), committed(1), committed(2))
    findings = plan_stakes(replace(view, terms=replace(TERMS, most_validators=2)))
    assert staked(findings) == [0, 1]
    assert why_not(findings) == "32 ETH more comes with the next transaction"


def test_a_key_with_a_deposit_is_refused_by_name_and_another_is_taken() -> None:
    first, second = committed(0), committed(1)
    view = stakeable(1, first, second, faults={first.key.pubkey: DEPOSITED_BEFORE})
    findings = plan_stakes(view)
    assert staked(findings) == [1]
    assert findings.alarms == {
        "key_refused": f"0x{first.key.pubkey.hex()} of operator 0: {DEPOSITED_BEFORE}"
    }


@pytest.mark.parametrize(
    "others",
    [{"credentials": b"\x01" + bytes(31)}, {"genesis_fork_version": bytes(4)}],
    ids=["other credentials", "other network"],
)
def test_a_signature_of_another_deposit_is_refused(others: dict[str, bytes]) -> None:
    findings = plan_stakes(stakeable(1, committed(0), **others))
    assert not findings.chores
    assert "its signature is not of a deposit to Keel" in findings.alarms["key_refused"]
    assert "but no usable key is committed" in findings.alarms["keys_exhausted"]


def test_a_signature_is_looked_at_only_where_its_key_is_in_question() -> None:
    void = replace(committed(1), key=replace(committed(1).key, signature=bytes(96)))
    one, two = stakeable(1, committed(0), void), stakeable(2, committed(0), void)
    assert plan_stakes(one).alarms == {}
    assert "key_refused" in plan_stakes(two).alarms


def test_keys_of_operators_that_may_get_no_more_are_told_from_none_at_all() -> None:
    at_limit = replace(stakeable(1, committed(0)), operators=(replace(operator(0), limit=0),))
    assert (
        "the 1 key left are of operators that may get no more validators"
        in (plan_stakes(at_limit).alarms["keys_exhausted"])
    )
    assert "no usable key" in plan_stakes(stakeable(1)).alarms["keys_exhausted"]
    assert "keys_exhausted" not in plan_stakes(stakeable(1, committed(0))).alarms


def test_what_cannot_be_staked_is_explained() -> None:
    assert why_not(plan_stakes(VIEW)) == "0 ETH is free, a validator takes 32 ETH"
    stale = replace(VIEW, state=State.STALE, free_wei=40 * ETHER)
    assert why_not(plan_stakes(stale)) == "staking is closed while the protocol is stale"
    paused = replace(VIEW, free_wei=40 * ETHER)
    assert why_not(plan_stakes(paused)) == "40 ETH is free, but staking is paused"


def test_without_the_role_nothing_is_staked_and_nobody_is_assumed_to_hold_it() -> None:
    view = stakeable(1, committed(0))
    findings = plan_stakes(replace(view, caller=replace(CALLER, stakers=())))
    assert not findings.chores
    assert "STAKER" in findings.alarms["not_permitted"]
    anybody = replace(CALLER, address=None, stakers=())
    assert plan_stakes(replace(view, caller=anybody)).chores


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


def test_a_late_oracle_and_a_low_gas_balance_are_alarms() -> None:
    assert plan(VIEW).alarms == {}
    assert "dead" in plan(when_dead()).alarms
    assert "stale" in plan(replace(VIEW, state=State.STALE)).alarms
    poor = replace(CALLER, balance_wei=TERMS.low_balance_wei - 1)
    assert "low_balance" in plan(replace(VIEW, caller=poor)).alarms
    enough = replace(CALLER, balance_wei=TERMS.low_balance_wei)
    assert plan(replace(VIEW, caller=enough)).alarms == {}


def test_every_kind_has_its_rule_and_every_alarm_its_name() -> None:
    assert set(RULES) == set(Kind)
    everything = replace(
        stakeable(1), state=State.DEAD, deadlock=DEAD, caller=replace(CALLER, balance_wei=0)
    )
    assert set(plan(everything).alarms) == {"keys_exhausted", "dead", "low_balance"}
    assert set(plan(everything).alarms) <= set(ALARMS)


def test_a_quiet_protocol_gives_every_rule_a_reason() -> None:
    quiet = plan(VIEW)
    assert quiet.chores == ()
    assert {undone.kind for undone in quiet.undone} == set(Kind)
