"""Exits: as much as the queue lacks, of the right validators, once each, and again if ignored."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.keeper.chores import Chore, Findings, Kind
from keel.keeper.exit_need import Room, can_exit, choose_exits, need_of
from keel.keeper.exits import choose, indices_to_prove, plan_exits
from keel.keeper.plan import plan
from keel.keeper.view import (
    FAR_FUTURE_EPOCH,
    BeaconStanding,
    Coffers,
    ExitProofs,
    ExitRequest,
    KeeperView,
    Validator,
)
from keel.model.constants import ETHER, GWEI
from keel.model.frames import State
from tests.unit.keeper.views import (
    EMPTY_COFFERS,
    EPOCH,
    FULL_GWEI,
    HEAD,
    HORIZON_SECONDS,
    SHARD_COMMITTEE_PERIOD,
    TERMS,
    VIEW,
    only,
    operator,
    pubkey,
    standing,
    validator,
    why_not,
)

MATURE = EPOCH - SHARD_COMMITTEE_PERIOD


def owing(owed_wei: int, *validators: Validator, **coffers: int) -> KeeperView:
    """A view in which tickets wait for so much."""
    changed: Coffers = replace(EMPTY_COFFERS, owed_wei=owed_wei, **coffers)
    return replace(VIEW, beacon=standing(*validators), coffers=changed)


def asked(index: int, block_number: int = 100, seconds_ago: int = 0) -> ExitRequest:
    return ExitRequest(pubkey(index), block_number, HEAD.time - seconds_ago)


def having(view: KeeperView, **books: Any) -> KeeperView:
    """The view with other books of Exits."""
    return replace(view, exits=replace(view.exits, **books))


def proven(view: KeeperView) -> KeeperView:
    """The view with what stands for the proofs that it needs."""
    calls = {index: (f"proof of {index}",) for index in indices_to_prove(view)}
    return replace(view, exit_proofs=ExitProofs(calls))


def chores(view: KeeperView, function: str = "requestExit") -> list[Chore]:
    return [each for each in plan_exits(proven(view)).chores if each.function == function]


def exits(view: KeeperView) -> list[int]:
    """Validators to be asked to exit; the first of them now, with its proof."""
    wanted = [one.index for one in choose(view).wanted]
    asked = [chore.arguments for chore in chores(view)]
    assert asked == [(pubkey(index), f"proof of {index}") for index in wanted[:1]]
    return wanted


def test_a_ticket_that_nothing_pays_asks_for_one_exit_with_its_proof_and_says_why() -> None:
    view = owing(ETHER, validator(7), validator(8))
    chore = only(plan_exits(proven(view)))
    assert (chore.contract, chore.function) == ("exits", "requestExit")
    assert chore.arguments == (pubkey(7), "proof of 7")
    assert chore.why.startswith("validator 7 of operator 0 brings 32 ETH: ")
    assert "leave 1 ETH missing" in chore.why


def test_without_a_proof_nothing_is_asked_and_the_reason_is_told() -> None:
    view = replace(owing(ETHER, validator(7)), exit_proofs=ExitProofs(no_proof="too young"))
    findings = plan_exits(view)
    assert not findings.chores
    assert "validator 7 of operator 0 brings 32 ETH" in why_not(findings)
    assert "No proof yet: too young" in why_not(findings)


@pytest.mark.parametrize(
    "coffers",
    [
        {"buffered_wei": ETHER},
        {"withdrawal_vault_wei": ETHER},
        {"rewards_vault_wei": ETHER},
        {"stream_wei": 2 * ETHER, "stream_seconds": HORIZON_SECONDS},
    ],
    ids=["buffer", "sweeps", "rewards", "stream"],
)
def test_what_is_there_or_comes_in_time_needs_no_exit_and_a_wei_less_does(
    coffers: dict[str, int],
) -> None:
    """EXT-1."""
    assert exits(owing(ETHER, validator(7), **coffers)) == []
    assert exits(owing(ETHER + 1, validator(7), **coffers)) == [7]


def test_validators_that_leave_already_count_and_slashed_ones_only_when_penalties_are_over() -> (
    None
):
    """EXT-1."""
    leaving = validator(1, exit_epoch=EPOCH + 5, withdrawable_epoch=EPOCH + 6)
    slashed = replace(leaving, slashed=True)
    assert exits(owing(32 * ETHER, leaving, validator(7))) == []
    assert exits(owing(32 * ETHER, slashed, validator(7))) == [7]
    assert exits(owing(32 * ETHER, replace(slashed, withdrawable_epoch=EPOCH), validator(7))) == []


def test_the_operator_furthest_above_its_target_gives_first_then_the_oldest() -> None:
    """EXT-3."""
    held = [validator(n, 0, activation_epoch=50 - n) for n in range(3)]
    held += [validator(n, 1, activation_epoch=20) for n in range(3, 5)]
    view = replace(owing(3 * 32 * ETHER, *held), operators=(operator(0, 5_000), operator(1, 5_000)))
    assert exits(view) == [2, 3, 1]


def test_an_operator_that_gets_no_more_validators_gives_all_of_its_own_first() -> None:
    """EXT-3."""
    held = [validator(n, 0) for n in range(3)] + [validator(n, 1) for n in range(3, 5)]
    operators = (operator(0, 10_000), operator(1, 10_000, active=False))
    view = replace(owing(3 * 32 * ETHER, *held), operators=operators)
    assert exits(view) == [3, 4, 0]


def test_parts_of_32_ether_decide_which_operator_is_above_its_target() -> None:
    """EXT-3: as REQ-3 counts."""
    large = validator(1, 0, 64 * FULL_GWEI, effective_gwei=64 * FULL_GWEI)
    view = owing(ETHER, large, *(validator(n, 1) for n in range(2, 5)))
    even = replace(view, operators=(operator(0, 5_000), operator(1, 5_000)))
    assert exits(even) == [1]
    most = replace(view, operators=(operator(0, 9_900), operator(1, 100)))
    assert exits(most) == [2]


def test_partial_withdrawals_hold_no_exit_back_where_nobody_else_can_leave() -> None:
    """EXT-2: a request ends them for good (REQ-6), and does not count before they are over."""
    held = {"has_partials": True}
    view = owing(33 * ETHER, validator(1, **held), validator(2, **held), validator(3, **held))
    assert exits(view) == [1, 2]
    one_free = standing(validator(1, **held), validator(2, **held), validator(3))
    assert exits(replace(view, beacon=one_free)) == [3, 1]
    later = HEAD.block_number + 1
    sent = having(view, requests=(asked(1, later), asked(2, later)))
    assert exits(sent) == []
    assert choose(sent).need.promised_wei == 0
    free = standing(validator(1, **held), validator(2, **held), validator(3), validator(4))
    assert exits(replace(sent, beacon=free)) == [3, 4]


@pytest.mark.parametrize(
    "unfit",
    [
        validator(1, activation_epoch=MATURE + 1),
        validator(1, activation_epoch=FAR_FUTURE_EPOCH),
        validator(1, is_ours=False),
        validator(1, has_partials=True),
        validator(1, balance_gwei=0),
    ],
    ids=["too young", "pending", "foreign", "partial withdrawal", "empty"],
)
def test_a_validator_that_the_chain_would_not_let_go_is_not_asked(unfit: Validator) -> None:
    """EXT-2."""
    assert exits(owing(ETHER, unfit, validator(2, activation_epoch=MATURE))) == [2]


def test_what_cannot_be_covered_is_said_with_the_epoch_of_the_next_validator() -> None:
    findings = plan_exits(owing(ETHER, validator(1, activation_epoch=MATURE + 3)))
    assert not findings.chores
    assert f"1 ETH more is missing: the next validator is old enough in epoch {EPOCH + 3}" in (
        why_not(findings)
    )


def test_a_request_on_its_way_is_not_repeated_and_its_ether_counts() -> None:
    view = owing(32 * ETHER, validator(1), validator(2))
    assert exits(having(view, requests=(asked(1, HEAD.block_number + 1),))) == []
    ignored = having(view, requests=(asked(1, HEAD.block_number),))
    assert exits(ignored) == [1]
    queued = standing(validator(1), validator(2), queued_requests=frozenset({pubkey(1)}))
    assert exits(replace(ignored, beacon=queued)) == []


def test_a_request_is_not_repeated_where_that_is_no_use() -> None:
    for changed, word in (
        ({"exit_epoch": EPOCH}, ""),
        ({"has_partials": True}, "validator 1 waits for a partial withdrawal"),
    ):
        findings = plan_exits(having(owing(0, validator(1, **changed)), requests=(asked(1),)))
        assert not findings.chores
        assert word in why_not(findings)


def test_a_request_is_repeated_for_a_bounded_time_only_and_raises_the_alarm_before() -> None:
    """EXT-5."""
    view = owing(0, validator(1))
    last = having(view, requests=(asked(1, seconds_ago=TERMS.retry_seconds),))
    assert exits(last) == [1]
    assert chores(last)[0].why == (
        "validator 1 of operator 0 was asked to exit, and the chain ignored it"
    )
    assert "validator 1" in plan_exits(last).alarms["exit_overdue"]
    too_old = having(view, requests=(asked(1, seconds_ago=TERMS.retry_seconds + 1),))
    assert exits(too_old) == []
    assert "somebody must ask again" in why_not(plan_exits(too_old))
    in_time = having(view, requests=(asked(1, seconds_ago=HORIZON_SECONDS),))
    assert "exit_overdue" not in plan_exits(in_time).alarms


def test_the_fee_is_paid_for_each_with_a_margin_and_a_spike_is_waited_out() -> None:
    view = having(owing(33 * ETHER, validator(1), validator(2)), fee_wei=10 * GWEI)
    assert only(plan_exits(proven(view))).value_wei == 15 * GWEI + 1
    most = having(view, fee_wei=TERMS.max_exit_fee_wei)
    assert exits(most) == [1, 2]
    assert only(plan_exits(proven(most))).value_wei == TERMS.max_exit_fee_wei
    findings = plan_exits(proven(having(view, fee_wei=TERMS.max_exit_fee_wei + 1)))
    assert not findings.chores
    assert "EIP-7002" in findings.alarms["gas_price"]


def test_a_low_fee_may_rise_by_far_since_what_is_left_of_it_comes_back() -> None:
    view = having(owing(ETHER, validator(1)), fee_wei=1)
    assert only(plan_exits(proven(view))).value_wei == GWEI
    thrifty = replace(view, terms=replace(TERMS, max_exit_fee_wei=7))
    assert only(plan_exits(proven(thrifty))).value_wei == 7


def test_no_more_is_asked_for_than_the_day_allows() -> None:
    """LIM-3, in parts of 32 ETH."""
    view = owing(96 * ETHER, validator(1), validator(2), validator(3))
    assert exits(having(view, available_parts=2)) == [1, 2]
    none = having(view, available_parts=0)
    assert exits(none) == []
    assert "0 times 32 ETH more today (LIM-3)" in why_not(plan_exits(none))
    large = {"balance_gwei": 65 * GWEI, "effective_gwei": 65 * GWEI}
    compounding = owing(66 * ETHER, validator(1, **large), validator(2), validator(3))
    assert exits(having(compounding, available_parts=4)) == [1, 2]
    assert exits(having(compounding, available_parts=3)) == [1]
    assert exits(having(compounding, available_parts=2)) == [2, 3]


def test_no_operator_is_asked_below_its_target_unless_it_is_frozen() -> None:
    """REQ-3: the contract would refuse `BelowTarget`."""
    held = [validator(1, 0), validator(2, 0), validator(3, 1)]
    view = owing(96 * ETHER, *held)
    assert exits(having(view, spare_parts={0: 0, 1: 0})) == [1, 3]
    short = having(view, spare_parts={0: -1, 1: 0})
    assert exits(short) == [3]
    assert "below its target (REQ-3)" in why_not(plan_exits(short))
    frozen = replace(operator(0), frozen=True)
    assert exits(replace(short, operators=(frozen, operator(1)))) == [1, 2, 3]


def test_no_more_is_asked_for_than_exits_finds_missing_at_the_head() -> None:
    """REQ-3: the contract would refuse `NothingMissing`."""
    view = owing(64 * ETHER, validator(1), validator(2))
    assert exits(having(view, missing_wei=32 * ETHER + 1)) == [1, 2]
    assert exits(having(view, missing_wei=32 * ETHER)) == [1]
    nothing = having(view, missing_wei=0)
    assert exits(nothing) == []
    assert "64 ETH is missing by the beacon state" in why_not(plan_exits(nothing))


def test_in_the_dead_state_tickets_alone_decide() -> None:
    """REQ-1: no report can be asked for anything."""
    view = owing(64 * ETHER, validator(1), validator(2))
    closed = having(view, missing_wei=0, available_parts=0, spare_parts={0: -1})
    assert exits(closed) == []
    assert exits(replace(closed, state=State.DEAD)) == [1, 2]


def test_one_exit_is_asked_for_at_a_time_and_repetitions_come_first() -> None:
    """Else keepers would have waited their turns for the others while the first was sent."""
    view = having(owing(96 * ETHER, *(validator(n) for n in range(1, 5))), requests=(asked(4),))
    assert exits(view) == [4, 1, 2]
    assert "2 exits more to ask for, one at a time" in why_not(plan_exits(proven(view)))
    sent = having(view, requests=(asked(4, HEAD.block_number + 1),))
    assert exits(sent) == [1, 2]
    assert chores(sent)[0].key != chores(view)[0].key


def test_a_candidate_that_was_refused_is_passed_over_and_named() -> None:
    """EXT-7."""
    view = owing(33 * ETHER, *(validator(n) for n in range(1, 4)))
    first, *_ = chores(view)
    assert first.is_candidate
    refused = replace(view, aside={first.key: "NotExitable(index=1), tried again in slot 808"})
    assert exits(refused) == [2, 3]
    assert "exit 1 0 was refused: NotExitable(index=1), tried again in slot 808" in why_not(
        plan_exits(refused)
    )
    foreign = replace(view, aside={"exit 9 0": "of another time"})
    assert exits(foreign) == [1, 2]


def test_what_is_not_asked_again_for_a_refusal_brings_nothing_and_another_is_asked() -> None:
    """EXT-5, EXT-7: until the request has another block."""
    view = having(owing(32 * ETHER, validator(1), validator(2)), requests=(asked(1, 100),))
    assert exits(view) == [1]
    refused = replace(view, aside={"exit 1 100": "StateTooOld"})
    assert exits(refused) == [2]
    assert choose(refused).need.promised_wei == 0
    assert exits(having(refused, requests=(asked(1, 101),))) == [1]


def test_an_exit_that_cannot_be_shown_holds_no_other_up() -> None:
    """EXT-7."""
    leaving = [validator(n, exit_epoch=EPOCH + n) for n in (1, 2)]
    unnoted = frozenset(each.pubkey for each in leaving)
    view = having(replace(VIEW, beacon=standing(*leaving)), unnoted=unnoted)
    (first,) = chores(view, "noteExit")
    (second,) = chores(replace(view, aside={first.key: "refused"}), "noteExit")
    assert (first.arguments, second.arguments) == (("proof of 1",), ("proof of 2",))


def test_exits_that_operators_began_are_shown_once() -> None:
    """REQ-2."""
    leaving = validator(1, exit_epoch=EPOCH + 5, withdrawable_epoch=EPOCH + 6)
    view = having(replace(VIEW, beacon=standing(leaving)), unnoted=frozenset({leaving.pubkey}))
    (chore,) = chores(view, "noteExit")
    assert chore.arguments == ("proof of 1",)
    assert chore.why == (
        f"validator 1 of operator 0 leaves in epoch {EPOCH + 5}, and Exits does not know"
    )
    for no_use in (
        replace(leaving, slashed=True),
        replace(leaving, exit_epoch=FAR_FUTURE_EPOCH),
        replace(leaving, effective_gwei=0),
    ):
        assert not chores(replace(view, beacon=standing(no_use)), "noteExit")
    assert not chores(having(view, unnoted=frozenset()), "noteExit")


def test_an_exit_that_was_shown_and_is_none_is_taken_back_by_a_later_state() -> None:
    """EXT-6: a verifier that was replaced since had shown it."""
    view = replace(VIEW, beacon=standing(validator(1)))
    later = having(view, noted={pubkey(1): HEAD.block_number})
    (chore,) = chores(later, "noteExit")
    assert "validator 1 of operator 0 does not leave" in chore.why
    assert not chores(having(view, noted={pubkey(1): HEAD.block_number + 1}), "noteExit")


def test_what_is_over_is_ended_before_anything_is_asked() -> None:
    """REQ-2: else its ether counts as on its way, and hides what is missing."""
    view = having(owing(ETHER, validator(7)), over=(b"\1" * 32, b"\2" * 32))
    first, second = plan_exits(proven(view)).chores
    assert (first.function, first.arguments) == ("endExits", ([b"\1" * 32, b"\2" * 32],))
    assert second.function == "requestExit"
    assert "endExits" not in {each.function for each in plan_exits(having(view, over=())).chores}


def test_a_key_that_the_registry_has_as_slashed_or_paid_out_holds_no_other_back() -> None:
    """A state may be older than the proof: Exits would answer `WrongStage`, at each head."""
    view = owing(ETHER, validator(7), validator(8))
    assert exits(having(view, gone=frozenset({pubkey(7)}))) == [8]
    none = having(view, gone=frozenset({pubkey(7), pubkey(8)}))
    assert exits(none) == []
    assert "no other validator can leave" in why_not(plan_exits(none))


def test_exits_can_be_switched_off() -> None:
    view = proven(owing(ETHER, validator(1)))
    off = replace(view, terms=replace(TERMS, kinds=frozenset(Kind) - {Kind.EXIT}))
    assert Kind.EXIT in {chore.kind for chore in plan(view).chores}
    assert Kind.EXIT not in {chore.kind for chore in plan(off).chores}
    assert Kind.EXIT not in {undone.kind for undone in plan(off).undone}


VALIDATORS = st.lists(
    st.builds(
        lambda number, owner, balance, activated, leaving, ours: (
            number,
            owner,
            balance,
            activated,
            leaving,
            ours,
        ),
        st.integers(0, 10_000),
        st.integers(0, 2),
        st.integers(1, 64 * GWEI) | st.just(FULL_GWEI),
        st.integers(0, EPOCH + 2),
        st.booleans(),
        st.sampled_from([True, True, True, False]),
    ),
    max_size=12,
    unique_by=lambda one: one[0],
)


@st.composite
def beacons(draw: st.DrawFn, partials: st.SearchStrategy[bool]) -> BeaconStanding:
    return standing(
        *(
            validator(
                number,
                owner,
                balance,
                activated,
                exit_epoch=EPOCH + 1 if leaving else FAR_FUTURE_EPOCH,
                is_ours=ours,
                has_partials=draw(partials),
            )
            for number, owner, balance, activated, leaving, ours in draw(VALIDATORS)
        )
    )


@given(
    beacon=beacons(st.just(False)),
    targets=st.lists(st.integers(0, 10_000), min_size=3, max_size=3),
    missing_wei=st.integers(0, 400 * ETHER),
    taken=st.sets(st.integers(0, 10_000)),
)
def test_exits_cover_what_is_missing_and_none_of_them_could_be_left_out(
    beacon: BeaconStanding, targets: list[int], missing_wei: int, taken: set[int]
) -> None:
    """EXT-4."""
    operators = [operator(n, target) for n, target in enumerate(targets)]
    avoid = {pubkey(index) for index in taken}
    chosen = choose_exits(beacon, operators, avoid, missing_wei, Room())
    assert len({one.index for one in chosen}) == len(chosen)
    fit = [v for v in beacon.validators if can_exit(v, beacon) and v.pubkey not in avoid]
    assert set(chosen) <= set(fit)
    brought = sum(one.balance_gwei for one in chosen) * GWEI
    assert brought >= min(missing_wei, sum(one.balance_gwei for one in fit) * GWEI)
    for one in chosen:
        assert brought - one.balance_gwei * GWEI < missing_wei


@given(
    beacon=beacons(st.booleans()),
    missing_wei=st.integers(0, 400 * ETHER),
    parts=st.integers(0, 12),
    spare=st.dictionaries(st.integers(0, 2), st.integers(-2, 4)),
)
def test_the_contract_would_take_each_exit_in_its_turn(
    beacon: BeaconStanding, missing_wei: int, parts: int, spare: dict[int, int]
) -> None:
    """REQ-3, LIM-3: as their requests follow each other."""
    operators = [operator(number) for number in range(3)]
    left, available = dict(spare), parts
    for one in choose_exits(beacon, operators, (), missing_wei, Room(parts, spare)):
        assert left.get(one.operator_id, 0) >= 0
        assert one.parts <= available
        available -= one.parts
        if one.operator_id in left:
            left[one.operator_id] -= one.parts


@given(
    beacon=beacons(st.booleans()),
    owed_wei=st.integers(0, 400 * ETHER),
    buffered_wei=st.integers(0, 400 * ETHER),
    requests=st.lists(
        st.builds(
            asked,
            st.integers(0, 10_000),
            st.integers(1, 2 * HEAD.block_number),
            st.integers(0, 5 * HORIZON_SECONDS),
        ),
        max_size=6,
        unique_by=lambda request: request.pubkey,
    ),
)
def test_asking_once_is_enough(
    beacon: BeaconStanding, owed_wei: int, buffered_wei: int, requests: list[ExitRequest]
) -> None:
    """After a plan's requests were sent nothing more is asked for, until the beacon state moves."""
    coffers = replace(EMPTY_COFFERS, owed_wei=owed_wei, buffered_wei=buffered_wei)
    view = replace(VIEW, beacon=beacon, coffers=coffers)
    view = having(view, requests=tuple(requests))
    first = exits(view)
    assert len(set(first)) == len(first)
    if need_of(coffers, beacon, (), HORIZON_SECONDS).missing_wei == 0:
        assert set(first) <= {int.from_bytes(request.pubkey) for request in requests}
    sent = {pubkey(index): asked(index, HEAD.block_number + 1) for index in first}
    others = [request for request in requests if request.pubkey not in sent]
    assert exits(having(view, requests=(*others, *sent.values()))) == []


def test_the_findings_of_a_quiet_protocol_say_that_nothing_is_missing() -> None:
    findings: Findings = plan_exits(VIEW)
    assert not findings.chores
    assert not findings.alarms
    assert why_not(findings) == "tickets wait for 0 ETH, 0 ETH is there or expected"
