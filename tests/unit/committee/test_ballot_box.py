"""Which ballots a member keeps, and that nobody can fill its memory."""

from dataclasses import replace

import pytest
from eth_account.signers.local import LocalAccount

from keel.committee.ballot_box import MOST_REPORTS_OF_A_MEMBER, BallotBox, BallotRefusedError
from keel.committee.messages import SignedBallot
from tests.unit.committee.committee_examples import (
    CHAIN_ID,
    LIE,
    MEMBERS,
    NOW,
    ORACLE,
    OUTSIDER,
    REF_SLOT,
    REPORT,
    TERMS,
    TIMETABLE,
    signed,
)


@pytest.fixture
def box() -> BallotBox:
    opened = BallotBox(CHAIN_ID, ORACLE, TIMETABLE)
    opened.open_for(TERMS, NOW)
    return opened


def test_a_members_ballot_is_kept_once(box: BallotBox) -> None:
    assert box.take(signed(MEMBERS[0])) is True
    assert box.take(signed(MEMBERS[0])) is False
    assert box.ballots(REF_SLOT) == (signed(MEMBERS[0]),)
    assert box.received == 1


def test_two_reports_of_one_member_are_both_kept(box: BallotBox) -> None:
    box.take(signed(MEMBERS[0]))
    box.take(signed(MEMBERS[0], LIE))
    assert {ballot.report.report for ballot in box.ballots(REF_SLOT)} == {REPORT, LIE}


@pytest.mark.parametrize(
    ("ballot", "status", "message"),
    [
        (signed(OUTSIDER), 403, f"{OUTSIDER.address} is no member"),
        (
            signed(OUTSIDER).model_copy(update={"signer": MEMBERS[0].address}),
            403,
            f"the signature is not that of {MEMBERS[0].address}",
        ),
        (signed(MEMBERS[0], nonce=2), 400, "the nonce of the member set is 2, 1 expected"),
        (
            signed(MEMBERS[0], deadline=7),
            400,
            f"the deadline is 7, {TIMETABLE.deadline(REF_SLOT)} expected",
        ),
        (signed(MEMBERS[0], replace(REPORT, ref_slot=63)), 400, "slot 63 is not reported now"),
        (signed(MEMBERS[0], replace(REPORT, ref_slot=159)), 400, "slot 159 is not reported now"),
        (signed(MEMBERS[0], replace(REPORT, ref_slot=96)), 400, "slot 96 is not reported now"),
    ],
)
def test_a_ballot_that_cannot_count_is_refused_with_its_fault(
    box: BallotBox, ballot: SignedBallot, status: int, message: str
) -> None:
    with pytest.raises(BallotRefusedError) as refused:
        box.take(ballot)
    assert (refused.value.status, str(refused.value)) == (status, message)
    assert box.ballots(ballot.ref_slot) == ()


def test_nothing_is_taken_before_the_chain_was_seen() -> None:
    with pytest.raises(BallotRefusedError) as refused:
        BallotBox(CHAIN_ID, ORACLE, TIMETABLE).take(signed(MEMBERS[0]))
    assert refused.value.status == 503


def test_one_member_can_not_fill_the_box(box: BallotBox) -> None:
    reports = [replace(REPORT, consensus_balance_gwei=n) for n in range(MOST_REPORTS_OF_A_MEMBER)]
    for report in reports:
        box.take(signed(MEMBERS[0], report))
    with pytest.raises(BallotRefusedError, match="signed too many reports of one slot"):
        box.take(signed(MEMBERS[0]))
    assert box.take(signed(MEMBERS[1]))
    assert len(box.ballots(REF_SLOT)) == MOST_REPORTS_OF_A_MEMBER + 1


def test_ballots_of_past_slots_are_dropped(box: BallotBox) -> None:
    box.take(signed(MEMBERS[0]))
    box.open_for(TERMS, TIMETABLE.deadline(REF_SLOT) - 1)
    assert len(box.ballots(REF_SLOT)) == 1
    box.open_for(TERMS, TIMETABLE.deadline(REF_SLOT))
    assert box.ballots(REF_SLOT) == ()


def test_a_change_of_members_voids_all_ballots(box: BallotBox) -> None:
    box.take(signed(MEMBERS[0]))
    box.open_for(replace(TERMS, member_set_nonce=2), NOW)
    assert box.ballots(REF_SLOT) == ()
    assert box.take(signed(MEMBERS[0], nonce=2))


@pytest.mark.parametrize("accepts", [True, False])
def test_a_member_that_is_a_contract_is_asked(accepts: bool) -> None:
    wallet = OUTSIDER.address
    box = BallotBox(CHAIN_ID, ORACLE, TIMETABLE)
    members = (*TERMS.members, wallet)
    box.open_for(replace(TERMS, members=members, contracts=frozenset({wallet})), NOW)
    ballot = signed(MEMBERS[0]).model_copy(update={"signer": wallet, "signature": b"owners"})
    box.take(ballot)
    assert box.ballots(REF_SLOT) == ()
    asked: list[tuple[str, bytes]] = []

    def answer(member: str, _digest: bytes, signature: bytes) -> bool:
        asked.append((member, signature))
        return accepts

    box.prove(answer)
    assert asked == [(wallet, b"owners")]
    assert box.ballots(REF_SLOT) == ((ballot,) if accepts else ())
    box.prove(answer)
    assert len(asked) == 1


def test_a_member_with_code_still_signs_with_its_key() -> None:
    account: LocalAccount = MEMBERS[0]
    box = BallotBox(CHAIN_ID, ORACLE, TIMETABLE)
    box.open_for(replace(TERMS, contracts=frozenset({account.address})), NOW)
    box.take(signed(account))
    assert box.ballots(REF_SLOT) == (signed(account),)
