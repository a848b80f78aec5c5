"""Which ballots a member keeps, and that nobody can fill its memory."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import count, islice

import pytest
from eth_account.signers.local import LocalAccount
from hypothesis import given
from hypothesis import strategies as st

from keel.committee.ballot import signer_of
from keel.committee.ballot_box import (
    MOST_INVALID_OF_A_PEER,
    MOST_REPORTS_OF_A_MEMBER,
    BallotBox,
    BallotRefusedError,
    Reception,
)
from keel.committee.messages import SignedBallot
from keel.committee.unproven import MOST_OF_A_SENDER, MOST_OF_STRANGERS, Sender
from keel.model.report import Report
from tests.unit.committee.committee_examples import (
    CHAIN_ID,
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


@pytest.fixture
def box() -> BallotBox:
    opened = BallotBox(CHAIN_ID, TIMETABLE)
    opened.open_for(TERMS, NOW)
    return opened


def test_a_members_ballot_is_kept_once(box: BallotBox) -> None:
    assert box.take(signed(MEMBERS[0])) is Reception.COUNTED
    assert box.take(signed(MEMBERS[0])) is Reception.KNOWN
    assert box.ballots(REF_SLOT) == (signed(MEMBERS[0]),)
    assert box.received == 1


def test_ballots_for_a_replaced_oracle_are_dropped_and_refused(box: BallotBox) -> None:
    """MOD-2: the new oracle may have the same members and the same nonce."""
    box.take(signed(MEMBERS[0]))
    box.open_for(replace(TERMS, contracts=frozenset()), NOW)
    assert len(box.ballots(REF_SLOT)) == 1
    box.open_for(replace(TERMS, oracle="0x00000000000000000000000000000000000000bb"), NOW)
    assert box.ballots(REF_SLOT) == ()
    with pytest.raises(BallotRefusedError, match="the signature is not that of"):
        box.take(signed(MEMBERS[0]))


def test_a_kept_ballot_is_known_without_another_look_at_its_signature(
    box: BallotBox, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at: list[bytes] = []

    def look(message: bytes, signature: bytes) -> str | None:
        looked_at.append(signature)
        return signer_of(message, signature)

    monkeypatch.setattr("keel.committee.ballot_box.signer_of", look)
    kept, other = signed(MEMBERS[0]), signed(MEMBERS[1])
    box.take(kept)
    assert box.take_from_peer("http://peer", [kept] * 20) is None
    assert looked_at == [kept.signature]
    with pytest.raises(BallotRefusedError, match="the signature is not that of"):
        box.take(kept.model_copy(update={"signature": other.signature}))
    assert looked_at == [kept.signature, other.signature]


def test_two_reports_of_one_member_are_both_kept(box: BallotBox) -> None:
    box.take(signed(MEMBERS[0]))
    box.take(signed(MEMBERS[0], LIE))
    assert {ballot.report.report for ballot in box.ballots(REF_SLOT)} == {REPORT, LIE}


@pytest.mark.parametrize(
    ("ballot", "status", "message"),
    [
        (signed(OUTSIDER), 403, f"{OUTSIDER.address} is not a member"),
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
        (signed(MEMBERS[0], replace(REPORT, ref_slot=63)), 400, "slot 63 cannot be reported now"),
        (signed(MEMBERS[0], replace(REPORT, ref_slot=159)), 400, "slot 159 cannot be reported now"),
        (signed(MEMBERS[0], replace(REPORT, ref_slot=96)), 400, "slot 96 cannot be reported now"),
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
        BallotBox(CHAIN_ID, TIMETABLE).take(signed(MEMBERS[0]))
    assert refused.value.status == 503


def test_one_member_can_not_fill_the_box(box: BallotBox) -> None:
    reports = [replace(REPORT, consensus_balance_gwei=n) for n in range(MOST_REPORTS_OF_A_MEMBER)]
    for report in reports:
        box.take(signed(MEMBERS[0], report))
    with pytest.raises(BallotRefusedError, match="signed too many reports of one slot"):
        box.take(signed(MEMBERS[0]))
    assert box.take(signed(MEMBERS[1])) is Reception.COUNTED
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
    assert box.take(signed(MEMBERS[0], nonce=2)) is Reception.COUNTED


WALLET = OUTSIDER.address
"""A member that is a contract; it accepts GENUINE and nothing else."""

GENUINE = b"owners"
STRANGER = Sender("203.0.113.7")


@pytest.fixture
def open_box() -> BallotBox:
    """A box that any member that is a contract votes in."""
    opened = BallotBox(CHAIN_ID, TIMETABLE)
    members = (*TERMS.members, WALLET)
    opened.open_for(replace(TERMS, members=members, contracts=frozenset({WALLET})), NOW)
    return opened


def of_wallet(signature: bytes = GENUINE, report: Report = REPORT) -> SignedBallot:
    changes = {"signer": WALLET, "signature": signature}
    return signed(MEMBERS[0], report).model_copy(update=changes)


def wallet_accepts(member: str, _digest: bytes, signature: bytes) -> bool:
    return (member, signature) == (WALLET, GENUINE)


def garbage(number: int) -> SignedBallot:
    return of_wallet(b"garbage %d" % number)


def reports() -> Iterator[Report]:
    return (replace(REPORT, consensus_balance_gwei=n) for n in count())


@pytest.mark.parametrize("accepts", [True, False])
def test_a_member_that_is_a_contract_is_asked_once(open_box: BallotBox, accepts: bool) -> None:
    assert open_box.take(of_wallet()) is Reception.UNPROVEN
    assert open_box.take(of_wallet()) is Reception.UNPROVEN
    assert open_box.ballots(REF_SLOT) == ()
    assert open_box.received == 0
    asked: list[tuple[str, bytes]] = []

    def answer(member: str, _digest: bytes, signature: bytes) -> bool:
        asked.append((member, signature))
        return accepts

    open_box.prove(answer)
    assert asked == [(WALLET, GENUINE)]
    assert open_box.ballots(REF_SLOT) == ((of_wallet(),) if accepts else ())
    assert open_box.received == accepts
    open_box.prove(answer)
    assert len(asked) == 1
    assert open_box.take(of_wallet()) is (Reception.KNOWN if accepts else Reception.UNPROVEN)


@pytest.mark.parametrize("comes_first", ["genuine", "garbage"])
def test_a_garbage_signature_takes_no_genuine_ones_place(
    open_box: BallotBox, comes_first: str
) -> None:
    ballots = [of_wallet(), garbage(1)]
    for ballot in ballots if comes_first == "genuine" else reversed(ballots):
        assert open_box.take(ballot, STRANGER) is Reception.UNPROVEN
    open_box.prove(wallet_accepts)
    assert open_box.ballots(REF_SLOT) == (of_wallet(),)
    assert open_box.take(garbage(2), STRANGER) is Reception.KNOWN
    open_box.prove(wallet_accepts)
    assert open_box.ballots(REF_SLOT) == (of_wallet(),)


@given(
    brought=st.lists(
        st.tuples(
            st.sampled_from([STRANGER, Sender("198.51.100.9"), Sender("http://a", is_peer=True)]),
            st.integers(0, 3),
            st.integers(0, 99),
        ),
        max_size=80,
    ),
    at=st.integers(0, 80),
)
def test_a_genuine_ballot_counts_whatever_others_bring(
    brought: list[tuple[Sender, int, int]], at: int
) -> None:
    box = BallotBox(CHAIN_ID, TIMETABLE)
    terms = replace(TERMS, members=(*TERMS.members, WALLET), contracts=frozenset({WALLET}))
    box.open_for(terms, NOW)
    honest = Sender("192.0.2.1")
    some = list(islice(reports(), 3))
    bringing = [(sender, of_wallet(b"%d" % n, [REPORT, *some][r])) for sender, r, n in brought]
    bringing.insert(at, (honest, of_wallet()))
    for sender, ballot in bringing:
        if sender == honest:
            assert box.take(ballot, sender) is Reception.UNPROVEN
        else:
            with suppress(BallotRefusedError):
                box.take(ballot, sender)
    box.prove(wallet_accepts)
    assert box.ballots(REF_SLOT) == (of_wallet(),)


def test_unproven_ballots_are_bounded_by_sender_and_none_is_evicted(open_box: BallotBox) -> None:
    for number in range(MOST_OF_A_SENDER):
        assert open_box.take(garbage(number), STRANGER) is Reception.UNPROVEN
    with pytest.raises(BallotRefusedError, match="must be proven first") as refused:
        open_box.take(garbage(MOST_OF_A_SENDER), STRANGER)
    assert refused.value.status == 429
    assert not refused.value.is_invalid
    assert open_box.take(garbage(0), STRANGER) is Reception.UNPROVEN  # it waits already
    assert open_box.take(of_wallet(), Sender("192.0.2.1")) is Reception.UNPROVEN
    asked: list[bytes] = []

    def refuse(_member: str, _digest: bytes, signature: bytes) -> bool:
        asked.append(signature)
        return False

    open_box.prove(refuse)
    assert asked == [*(garbage(n).signature for n in range(MOST_OF_A_SENDER)), GENUINE]
    assert open_box.take(garbage(99), STRANGER) is Reception.UNPROVEN


def test_many_strangers_are_bounded_and_keep_no_peer_out(open_box: BallotBox) -> None:
    def bring(number: int) -> Reception:
        return open_box.take(garbage(number), Sender(f"198.51.100.{number}"))

    for number in range(MOST_OF_STRANGERS):
        assert bring(number) is Reception.UNPROVEN
    with pytest.raises(BallotRefusedError, match="must be proven first"):
        bring(MOST_OF_STRANGERS)
    assert open_box.take_from_peer("http://peer", [of_wallet()]) is None
    open_box.prove(wallet_accepts)
    assert open_box.ballots(REF_SLOT) == (of_wallet(),)


def test_a_contract_that_accepts_everything_can_not_fill_the_box(open_box: BallotBox) -> None:
    for report in islice(reports(), 2 * MOST_REPORTS_OF_A_MEMBER):
        open_box.take(of_wallet(report=report), Sender(str(report.consensus_balance_gwei)))
    open_box.prove(wallet_accepts)
    assert len(open_box.ballots(REF_SLOT)) == MOST_REPORTS_OF_A_MEMBER
    assert open_box.received == MOST_REPORTS_OF_A_MEMBER


def test_a_peer_that_hands_out_invalid_ballots_costs_little_and_is_named(box: BallotBox) -> None:
    def forged() -> Iterator[SignedBallot]:
        for number in range(MOST_INVALID_OF_A_PEER):
            yield signed(OUTSIDER).model_copy(
                update={"signer": MEMBERS[0].address, "signature": bytes([number])}
            )
        pytest.fail("the rest was looked at")

    problem = box.take_from_peer("http://peer", forged())
    assert problem == (f"sent invalid ballots: the signature is not that of {MEMBERS[0].address}")
    late = signed(MEMBERS[1], replace(REPORT, ref_slot=63))
    assert box.take_from_peer("http://peer", [late] * 20 + [signed(MEMBERS[1])]) is None
    assert box.ballots(REF_SLOT) == (signed(MEMBERS[1]),)


def test_a_member_with_code_still_signs_with_its_key() -> None:
    account: LocalAccount = MEMBERS[0]
    box = BallotBox(CHAIN_ID, TIMETABLE)
    box.open_for(replace(TERMS, contracts=frozenset({account.address})), NOW)
    box.take(signed(account))
    assert box.ballots(REF_SLOT) == (signed(account),)
