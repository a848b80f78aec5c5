"""Exits: as much as the queue lacks, of the right validators, once each, and again if ignored."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.keeper.chores import Chore, Findings, Kind
from keel.keeper.exit_need import can_exit, choose_exits, need_of
from keel.keeper.exits import plan_exits
from keel.keeper.plan import plan
from keel.keeper.view import (
    FAR_FUTURE_EPOCH,
    BeaconStanding,
    Coffers,
    ExitRequest,
    KeeperView,
    Validator,
)
from keel.model.constants import ETHER, GWEI, RAY
from tests.unit.keeper.views import (
    CALLER,
    EMPTY_COFFERS,
    EPOCH,
    EPOCH_SLOTS,
    FULL_GWEI,
    HEAD,
    HORIZON_SECONDS,
    OTHER_KEEPER,
    SHARD_COMMITTEE_PERIOD,
    SLOT_SECONDS,
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


def indices(chore: Chore) -> list[int]:
    (pubkeys,) = chore.arguments
    return [int.from_bytes(key) for key in pubkeys]


def exits(view: KeeperView) -> Sequence[int]:
    return [index for chore in plan_exits(view).chores for index in indices(chore)]


def test_a_ticket_that_nothing_pays_asks_for_one_exit_and_says_why() -> None:
    chore = only(plan_exits(owing(ETHER, validator(7), validator(8))))
    assert (chore.contract, chore.function) == ("withdrawal_vault", "requestExit")
    assert indices(chore) == [7]
    assert "1 exit (7 of operator 0) bring 32 ETH" in chore.why
    assert "leave 1 ETH missing" in chore.why


@pytest.mark.parametrize(
    "coffers",
    [
        {"buffered_wei": ETHER},
        {"withdrawal_vault_wei": ETHER, "expected_wei": ETHER},
        {"rewards_vault_wei": ETHER, "expected_wei": ETHER},
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


def test_a_gift_that_reports_hold_back_pays_nothing_and_one_within_the_rate_does() -> None:
    """REP-4: growth above the rate waits in the vaults."""
    gift = {"withdrawal_vault_wei": 100 * ETHER, "accounted_wei": 1_000 * ETHER}
    assert exits(owing(50 * ETHER, validator(7), validator(8), **gift)) == [7, 8]
    allowed = {**gift, "growth_ray_per_day": RAY // 10 * 86_400 // HORIZON_SECONDS + 1}
    assert exits(owing(50 * ETHER, validator(7), validator(8), **allowed)) == []


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
    on_its_way = replace(view, requests=(asked(1, HEAD.block_number + 1),))
    assert exits(on_its_way) == []
    queued = replace(
        view,
        requests=(asked(1),),
        beacon=standing(validator(1), validator(2), queued_requests=frozenset({pubkey(1)})),
    )
    assert exits(queued) == []
    ignored = replace(view, requests=(asked(1, HEAD.block_number),))
    assert exits(ignored) == [1]


def test_a_request_that_came_too_early_waits_for_its_epoch_and_says_which() -> None:
    """EXT-5."""
    early = replace(owing(0, validator(1, activation_epoch=MATURE + 1)), requests=(asked(1),))
    findings = plan_exits(early)
    assert not findings.chores
    assert f"too early: asked again from epoch {EPOCH + 1}" in why_not(findings)
    later = replace(early, beacon=replace(early.beacon, epoch=EPOCH + 1))
    assert exits(later) == [1]
    assert "1 request again (1 of operator 0)" in only(plan_exits(later)).why


def test_a_request_that_comes_through_in_time_keeps_another_from_being_asked() -> None:
    soon = replace(
        owing(32 * ETHER, validator(1, activation_epoch=MATURE + 1), validator(2)),
        requests=(asked(1),),
    )
    assert exits(soon) == []
    horizon_epochs = HORIZON_SECONDS // (EPOCH_SLOTS * SLOT_SECONDS)
    late = validator(1, activation_epoch=MATURE + horizon_epochs + 1)
    assert exits(replace(soon, beacon=standing(late, validator(2)))) == [2]


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"exit_epoch": EPOCH}, ""),
        ({"is_ours": False}, "cannot take effect"),
        ({"has_partials": True}, "waits for a partial withdrawal"),
    ],
)
def test_a_request_is_not_repeated_where_that_is_no_use(
    changed: dict[str, int | bool], word: str
) -> None:
    findings = plan_exits(replace(owing(0, validator(1, **changed)), requests=(asked(1),)))
    assert not findings.chores
    assert word in why_not(findings)


def test_a_request_is_repeated_for_a_bounded_time_only_and_raises_the_alarm_before() -> None:
    """EXT-5."""
    view = owing(0, validator(1))
    last = replace(view, requests=(asked(1, seconds_ago=TERMS.retry_seconds),))
    assert exits(last) == [1]
    assert "validator 1" in plan_exits(last).alarms["exit_overdue"]
    too_old = replace(view, requests=(asked(1, seconds_ago=TERMS.retry_seconds + 1),))
    assert exits(too_old) == []
    in_time = replace(view, requests=(asked(1, seconds_ago=HORIZON_SECONDS),))
    assert "exit_overdue" not in plan_exits(in_time).alarms


def test_the_fee_is_paid_for_each_with_a_margin_and_a_spike_is_waited_out() -> None:
    view = replace(owing(33 * ETHER, validator(1), validator(2)), exit_fee_wei=100)
    assert only(plan_exits(view)).value_wei == 2 * (100 + 50 + 1)
    spike = replace(view, exit_fee_wei=TERMS.max_exit_fee_wei + 1)
    findings = plan_exits(spike)
    assert not findings.chores
    assert "EIP-7002" in findings.alarms["gas_price"]
    assert plan_exits(replace(view, exit_fee_wei=TERMS.max_exit_fee_wei)).chores


def test_no_more_is_asked_for_than_the_day_allows() -> None:
    """LIM-3."""
    view = owing(96 * ETHER, validator(1), validator(2), validator(3))
    assert exits(replace(view, exits_available=2)) == exits(view)[:2]
    findings = plan_exits(replace(view, exits_available=0))
    assert not findings.chores
    assert "0 can be asked for now" in why_not(findings)


def test_an_account_without_the_role_says_so_and_does_nothing() -> None:
    stranger = replace(CALLER, exiters=(OTHER_KEEPER,))
    view = replace(owing(ETHER, validator(1)), caller=stranger)
    findings = plan_exits(view)
    assert not findings.chores
    assert "EXITER" in findings.alarms["not_permitted"]
    assert "not_permitted" not in plan_exits(replace(view, coffers=EMPTY_COFFERS)).alarms


def test_a_transaction_asks_for_so_many_and_repetitions_come_first() -> None:
    view = replace(
        owing(96 * ETHER, *(validator(n) for n in range(1, 5))),
        requests=(asked(4),),
        terms=replace(TERMS, most_exits=2),
    )
    assert exits(view) == [4, 1]


def test_exits_can_be_switched_off() -> None:
    view = owing(ETHER, validator(1))
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
def beacons(draw: st.DrawFn) -> BeaconStanding:
    return standing(
        *(
            validator(
                number,
                owner,
                balance,
                activated,
                exit_epoch=EPOCH + 1 if leaving else FAR_FUTURE_EPOCH,
                is_ours=ours,
            )
            for number, owner, balance, activated, leaving, ours in draw(VALIDATORS)
        )
    )


@given(
    beacon=beacons(),
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
    chosen = choose_exits(beacon, operators, avoid, missing_wei, most=1_000)
    assert len({one.index for one in chosen}) == len(chosen)
    fit = [v for v in beacon.validators if can_exit(v, beacon) and v.pubkey not in avoid]
    assert set(chosen) <= set(fit)
    brought = sum(one.balance_gwei for one in chosen) * GWEI
    assert brought >= min(missing_wei, sum(one.balance_gwei for one in fit) * GWEI)
    for one in chosen:
        assert brought - one.balance_gwei * GWEI < missing_wei


@given(
    beacon=beacons(),
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
    view = replace(
        VIEW,
        beacon=beacon,
        coffers=coffers,
        requests=tuple(requests),
        terms=replace(TERMS, most_exits=1_000),
    )
    first = exits(view)
    assert len(set(first)) == len(first)
    if need_of(coffers, beacon, (), HORIZON_SECONDS).missing_wei == 0:
        assert set(first) <= {int.from_bytes(request.pubkey) for request in requests}
    sent = {pubkey(index): asked(index, HEAD.block_number + 1) for index in first}
    others = [request for request in requests if request.pubkey not in sent]
    assert exits(replace(view, requests=(*others, *sent.values()))) == []


def test_the_findings_of_a_quiet_protocol_say_that_nothing_is_missing() -> None:
    findings: Findings = plan_exits(VIEW)
    assert not findings.chores
    assert not findings.alarms
    assert why_not(findings) == "tickets wait for 0 ETH, 0 ETH is there or expected"
