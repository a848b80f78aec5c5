"""What ballots amount to, whose turn it is, and when a slot is reported."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from keel.committee.tally import count, differences, disagreement
from keel.committee.timetable import posting_order, posting_slot
from tests.unit.committee.committee_examples import (
    LIE,
    MEMBERS,
    NOW,
    OUTSIDER,
    REF_SLOT,
    REPORT,
    TERMS,
    TIMETABLE,
    signed,
)

DEADLINE = TIMETABLE.deadline(REF_SLOT)
ADDRESSES = tuple(m.address for m in MEMBERS)


def test_equal_ballots_add_up_in_the_order_of_signers() -> None:
    ballots = [signed(MEMBERS[n]) for n in (3, 0, 2)]
    tally = count(ballots, TERMS, REF_SLOT, DEADLINE)
    assert [s.signer for s in tally.signatures_for(REPORT)] == [ADDRESSES[n] for n in (0, 2, 3)]


def test_one_member_counts_once() -> None:
    tally = count([signed(MEMBERS[0])] * 3, TERMS, REF_SLOT, DEADLINE)
    assert len(tally.signatures_for(REPORT)) == 1


def test_ballots_of_others_of_another_set_slot_or_deadline_do_not_count() -> None:
    ballots = [
        signed(OUTSIDER),
        signed(MEMBERS[0], nonce=2),
        signed(MEMBERS[1], deadline=DEADLINE + 1),
        signed(MEMBERS[2], replace(REPORT, ref_slot=REF_SLOT + 32), deadline=DEADLINE),
    ]
    assert count(ballots, TERMS, REF_SLOT, DEADLINE).camps == ()


def test_another_report_is_kept_apart_and_named_with_member_and_field() -> None:
    ballots = [signed(MEMBERS[0]), signed(MEMBERS[1]), signed(MEMBERS[2], LIE)]
    tally = count(ballots, TERMS, REF_SLOT, DEADLINE)
    assert [len(camp.signatures) for camp in tally.camps] == [2, 1]
    assert disagreement(REPORT, tally) == (
        f"{ADDRESSES[2]} signed consensus_balance_gwei 31000000000 where we have 32000000000"
    )
    assert "32000000000 where we have 31000000000" in str(disagreement(LIE, tally))


def test_equal_reports_are_no_disagreement() -> None:
    tally = count([signed(m) for m in MEMBERS], TERMS, REF_SLOT, DEADLINE)
    assert disagreement(REPORT, tally) is None
    assert differences(REPORT, REPORT) == {}


@given(st.permutations(ADDRESSES), st.integers(0, 2**30))
def test_all_members_find_the_same_order_whatever_the_chain_lists(
    members: list[str], frame: int
) -> None:
    order = posting_order(members, frame * 32 + 31, 32)
    assert order == posting_order(ADDRESSES, frame * 32 + 31, 32)
    assert sorted(order) == sorted(ADDRESSES)
    assert order[1:] + order[:1] == posting_order(ADDRESSES, (frame + 1) * 32 + 31, 32)


def test_the_next_member_takes_over_after_a_turn() -> None:
    order = posting_order(ADDRESSES, 31, 32)
    assert [posting_slot(order, member, 100, 2) for member in order] == [100, 102, 104, 106, 108]


def test_a_slot_is_reported_from_finality_to_the_next_ones_finality() -> None:
    assert TIMETABLE.reportable_slot(NOW - 1) == REF_SLOT - 32
    assert TIMETABLE.reportable_slot(NOW) == REF_SLOT
    assert TIMETABLE.reportable_slot(DEADLINE - 1) == REF_SLOT
    assert TIMETABLE.reportable_slot(DEADLINE) == REF_SLOT + 32


def test_nothing_is_reported_before_the_first_frame_is_final() -> None:
    first = TIMETABLE.reportable_at(31)
    assert TIMETABLE.reportable_slot(first - 1) is None
    assert TIMETABLE.reportable_slot(first) == 31
    assert TIMETABLE.takes_ballots(31, first - 1)
    assert not TIMETABLE.takes_ballots(95, first - 1)


def test_ballots_are_taken_of_this_slot_and_the_next() -> None:
    taken = [slot for slot in range(REF_SLOT + 100) if TIMETABLE.takes_ballots(slot, NOW)]
    assert taken == [REF_SLOT, REF_SLOT + 32]
