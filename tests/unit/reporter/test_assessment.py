"""What a report says follows from the two views, and nothing is counted twice or lost."""

from dataclasses import fields, replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.model.commission import CommissionSpan
from keel.model.commitment import operators_tree
from keel.reporter.assessment import (
    Assessment,
    LeavesAboveMintedError,
    assess,
    assess_slot,
    balances,
)
from keel.sight.consensus_view import NO_INDEX
from keel.sight.slot_view import SlotView
from tests.unit.model.test_balance_tree import slow_root
from tests.unit.reporter.view_examples import (
    Key,
    consensus_of,
    keys,
    leaves,
    protocol_of,
    totals_of,
    working,
)
from tests.unit.sight.state_examples import pubkey

undistributed = st.integers(0, 10**30)
SUMS = ("active", "exited", "slashed", "balance_gwei", "pending_gwei", "penalty_gwei")


def assessed(
    found: list[Key], previous: dict[int, int] | None = None, undistributed_shares: int = 0
) -> Assessment:
    known = previous or {}
    return assess(
        consensus_of(found), protocol_of(found, known, undistributed_shares), totals_of(known)
    )


def worth_gwei(key: Key) -> int:
    """What a key counts in C, if it is not foreign."""
    return key["balance_gwei"] + key["pending_gwei"] - key["penalty_gwei"]


@given(keys, leaves, undistributed)
def test_operators_add_up_to_the_report(
    found: list[Key], previous: dict[int, int], shares: int
) -> None:
    """REP-10."""
    assessment = assessed(found, previous, shares)
    report = assessment.report
    sums = {name: sum(getattr(one, name) for one in assessment.operators) for name in SUMS}
    assert sums == {
        "active": report.active_validators,
        "exited": report.exited_validators,
        "slashed": report.slashed_validators,
        "balance_gwei": report.consensus_balance_gwei,
        "pending_gwei": assessment.pending_gwei,
        "penalty_gwei": assessment.penalties_gwei,
    }
    own = [key for key in found if not key["foreign"]]
    assert report.consensus_balance_gwei == sum(map(worth_gwei, own))
    assert assessment.penalties_gwei == sum(key["penalty_gwei"] for key in own)
    assert assessment.validators_gwei == sum(key["balance_gwei"] for key in own)
    for name in ("active", "exited", "slashed"):
        assert sums[name] == sum(key[name] for key in own)
    counted = [
        (one.active, one.exited, one.pending, one.unknown, one.foreign)
        for one in assessment.operators
    ]
    assert sum(map(sum, counted)) == len(found)


@given(keys)
def test_validators_root_holds_what_counts_and_adds_up_to_c(found: list[Key]) -> None:
    """REP-10."""
    consensus, protocol = consensus_of(found), protocol_of(found, {})
    listed = balances(consensus, protocol)
    report = assess(consensus, protocol, ()).report
    expected = [
        (
            pubkey(place),
            key["index"],
            key["balance_gwei"] + key["pending_gwei"],
            key["penalty_gwei"],
            key["slashed"],
        )
        for place, key in enumerate(found)
        if not key["foreign"] and (key["index"] != NO_INDEX or key["pending_gwei"])
    ]
    assert [
        (one.pubkey, one.index, one.balance_gwei, one.penalty_gwei, one.slashed) for one in listed
    ] == expected
    root = slow_root(listed) if listed else None
    assert report.validators_root == (root.hash if root else bytes(32))
    assert report.consensus_balance_gwei == (root.worth_gwei if root else 0)


@given(keys, leaves, undistributed)
def test_shares_go_by_weight_and_never_beyond_what_was_minted(
    found: list[Key], previous: dict[int, int], shares: int
) -> None:
    assessment = assessed(found, previous, shares)
    assert assessment.undistributed_shares == shares
    weights = {one.operator_id: one.weight for one in assessment.operators}
    total = sum(weights.values())
    for one in assessment.operators:
        assert one.cumulative_reward_shares == previous.get(one.operator_id, 0) + one.added_shares
        assert one.added_shares == (shares * one.weight // total if total else 0)
        assert 0 <= one.weight <= one.full_weight
    assert set(previous) <= set(weights)
    assert shares - assessment.added_shares >= 0
    if total:
        assert shares - assessment.added_shares < len(weights)
    assert assessment.leaves == tuple(one.totals for one in assessment.operators)
    assert assessment.report.operators_root == operators_tree(assessment.leaves).root


@given(keys, leaves, undistributed, st.lists(undistributed, max_size=3))
def test_leaves_never_fall_from_report_to_report(
    found: list[Key], previous: dict[int, int], shares: int, later: list[int]
) -> None:
    for minted in (shares, *later):
        after = assessed(found, previous, minted)
        leaves = {leaf.operator_id: leaf.cumulative_reward_shares for leaf in after.leaves}
        assert all(leaves[number] >= held for number, held in previous.items())
        assert sum(leaves.values()) <= after.minted_shares
        previous = leaves


@given(keys, leaves, undistributed, st.randoms(use_true_random=False))
def test_the_order_of_staking_changes_nothing_but_the_validators_root(
    found: list[Key], previous: dict[int, int], shares: int, random: Random
) -> None:
    shuffled = list(found)
    random.shuffle(shuffled)
    before, after = assessed(found, previous, shares), assessed(shuffled, previous, shares)
    assert after.operators == before.operators
    assert replace(after.report, validators_root=b"") == replace(before.report, validators_root=b"")


@given(keys, leaves, undistributed, st.lists(st.integers(0, 2**40), min_size=12, max_size=12))
def test_indices_are_in_the_validators_root_alone(
    found: list[Key], previous: dict[int, int], shares: int, indices: list[int]
) -> None:
    moved = [
        key | {"index": index if key["index"] != NO_INDEX else NO_INDEX}
        for key, index in zip(found, indices, strict=False)
    ]
    before, after = assessed(found, previous, shares), assessed(moved, previous, shares)
    assert after.operators == before.operators
    assert replace(after.report, validators_root=b"") == replace(before.report, validators_root=b"")


def test_weight_is_balance_times_what_was_earned() -> None:
    idle = working(0, participation=0)
    half = working(1, participation=3)
    large = working(2, effective_gwei=64 * 10**9)
    left = working(3, active=0, exited=1)
    slashed = working(3, slashed=1)
    one, two, three, four = assessed([idle, half, large, left, slashed], {}, 40 + 108 + 5).operators
    ether32 = 32 * 10**9
    assert [o.weight for o in (one, two, three, four)] == [0, 40 * ether32, 108 * ether32, 0]
    full = [54 * ether32, 54 * ether32, 108 * ether32, 0]
    assert [o.full_weight for o in (one, two, three, four)] == full
    shares = [0, 153 * 40 // 148, 153 * 108 // 148, 0]
    assert [o.added_shares for o in (one, two, three, four)] == shares


@given(keys, leaves, undistributed)
def test_leaves_add_up_the_weights_of_all_reports_and_charge_nothing(
    found: list[Key], previous: dict[int, int], shares: int
) -> None:
    """OPR-8."""
    before = {leaf.operator_id: leaf for leaf in totals_of(previous)}
    for one in assessed(found, previous, shares).operators:
        leaf, old = one.totals, before.get(one.operator_id)
        weights = (old.cumulative_weight, old.cumulative_full_weight) if old else (0, 0)
        assert leaf.cumulative_weight - weights[0] == one.weight
        assert leaf.cumulative_full_weight - weights[1] == one.full_weight
        assert leaf.cumulative_charged_shares == 0


@given(keys)
def test_active_validators_have_a_part_of_c(found: list[Key]) -> None:
    """REP-11: pending deposits are no active validator's."""
    report = assessed(found).report
    active = [key for key in found if key["active"] and not key["foreign"]]
    assert report.active_balance_gwei == sum(worth_gwei(k) - k["pending_gwei"] for k in active)
    assert report.active_balance_gwei <= report.consensus_balance_gwei
    assert report.charged_shares == 0


@given(keys, leaves, undistributed, st.lists(st.integers(500, 1_400), min_size=4, max_size=4))
def test_shares_go_by_weight_times_commission(
    found: list[Key], previous: dict[int, int], shares: int, asked: list[int]
) -> None:
    """COM-2, COM-3, OPR-5: operators of the leaves alone have no weight."""
    span = CommissionSpan(7, {number: bps * 7 for number, bps in enumerate(asked)})
    protocol = protocol_of(found, previous, shares, commissions=span)
    done = assess(consensus_of(found), protocol, totals_of(previous))
    assert done.covered_seconds == 7
    for one in done.operators:
        expected_bps = asked[one.operator_id] if one.operator_id < 4 else 0
        assert one.commission_bps_seconds == expected_bps * 7
    weights = sum(one.weight for one in done.operators)
    parts = sum(one.weight * one.commission_bps_seconds for one in done.operators)
    if not weights:
        assert done.report.operators_bps == done.added_shares == 0
        return
    assert done.report.operators_bps == parts // (weights * 7)
    for one in done.operators:
        part = one.weight * one.commission_bps_seconds
        assert one.added_shares == shares * part // parts


def test_who_asks_for_more_has_more_of_the_same_work() -> None:
    """COM-3: 5 % and 14 % of the profit of two operators that earned alike."""
    span = CommissionSpan(7, {0: 500 * 7, 1: 1_400 * 7})
    found = [working(0), working(1)]
    done = assess(consensus_of(found), protocol_of(found, {}, 1_900, commissions=span), ())
    assert [one.added_shares for one in done.operators] == [500, 1_400, 0, 0]
    assert done.report.operators_bps == 950


def test_everything_waits_while_nobody_earns() -> None:
    assessment = assessed([working(0, participation=0), working(1, slashed=1)], {0: 7}, 1000)
    assert (assessment.added_shares, assessment.undistributed_shares) == (0, 1000)
    assert assessment.report.operators_bps == 0
    assert [leaf.cumulative_reward_shares for leaf in assessment.leaves] == [7, 0, 0, 0]


def test_sums_beyond_64_bits_are_exact() -> None:
    giant = {"effective_gwei": 2**41, "balance_gwei": 2**63}
    found = [working(0, **giant), working(0, **giant), working(1)]
    assessment = assessed(found)
    assert assessment.report.consensus_balance_gwei == 2**64 + 32 * 10**9 + 7
    assert assessment.operators[0].balance_gwei == 2**64


def test_foreign_ether_is_named_and_counts_nowhere() -> None:
    own, foreign = working(0), working(1, foreign=1, pending_gwei=5)
    assessment = assessed([own, foreign])
    (named,) = assessment.foreign
    assert (named.pubkey, named.operator_id, named.index) == (pubkey(1), 1, 9)
    assert named.balance_gwei == 32 * 10**9 + 12
    assert assessment.report.consensus_balance_gwei == 32 * 10**9 + 7
    assert assessment.report.active_validators == 1
    assert (assessment.operators[1].weight, assessment.operators[1].foreign) == (0, 1)
    assert assessed([own, working(1)]).report.active_validators == 2


def test_an_operator_without_validators_keeps_its_leaf() -> None:
    assessment = assessed([working(0)], {3: 44}, 100)
    assert assessment.leaves[3].cumulative_reward_shares == 44
    assert [leaf.operator_id for leaf in assessment.leaves] == [0, 1, 2, 3]


def test_without_operators_the_root_is_zero() -> None:
    report = assess(consensus_of([]), protocol_of([], {}, operators=0), ()).report
    assert (report.operators_root, report.validators_root) == (bytes(32), bytes(32))
    assert all(getattr(report, f.name) in (0, 47, 5, 6, bytes(32)) for f in fields(report))


def test_leaves_above_what_was_minted_are_refused() -> None:
    protocol = replace(protocol_of([], {0: 10}), minted_shares=9)
    with pytest.raises(LeavesAboveMintedError) as refusal:
        assess(consensus_of([]), protocol, totals_of({0: 10}))
    assert (refusal.value.leaves_shares, refusal.value.minted_shares) == (10, 9)
    assert assess(consensus_of([]), protocol, totals_of({0: 9})).undistributed_shares == 0


def test_views_of_other_keys_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^1 standings, 2 keys$"):
        assess(consensus_of([working(0)]), protocol_of([working(0)] * 2, {}), ())


def test_leaves_start_again_from_what_was_claimed_also_when_no_root_is_known() -> None:
    """OPR-5, MOD-2: so they can after an oracle that was no oracle of Keel's."""
    found = [working(0), working(1)]
    protocol = replace(
        protocol_of(found, {}, 1_000),
        claimed_shares={0: 400, 1: 0, 2: 0, 3: 0},
        operators_root=bytes(32),
    )
    view = SlotView(consensus_of(found, ref_slot=47), protocol, 0, b"", 0.0)
    assessment = assess_slot(view, lambda _: None, rebuild_leaves_at=47)
    shares = {leaf.operator_id: leaf.cumulative_reward_shares for leaf in assessment.leaves}
    assert shares == {0: 700, 1: 300, 2: 0, 3: 0}
    anew = assess_slot(view, lambda _: None, rebuild_leaves_at=79)
    assert anew.leaves[1].cumulative_reward_shares == 500
