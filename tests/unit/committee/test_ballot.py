"""Who signed: what the oracle accepts as an account's signature, and what it does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.committee.ballot import digest, in_order, sign, signer_of
from tests.unit.committee.committee_examples import LIE, MEMBERS, ballot, member

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@given(st.integers(1, ORDER - 1))
def test_the_signer_of_a_ballot_is_found(key: int) -> None:
    account = member(key)
    (signature,) = sign(ballot(), [account])
    assert signer_of(digest(ballot()), signature.signature) == account.address


def test_a_signature_under_another_report_names_somebody_else() -> None:
    (signature,) = sign(ballot(), [MEMBERS[0]])
    assert signer_of(digest(ballot(LIE)), signature.signature) != MEMBERS[0].address


@pytest.mark.parametrize(("nonce", "deadline"), [(2, None), (1, 5)])
def test_the_digest_covers_the_set_of_members_and_the_deadline(
    nonce: int, deadline: int | None
) -> None:
    assert digest(ballot()) != digest(ballot(nonce=nonce, deadline=deadline))


def test_the_other_half_of_a_malleable_signature_does_not_count() -> None:
    (signature,) = sign(ballot(), [MEMBERS[0]])
    r, s, v = signature.signature[:32], signature.signature[32:64], signature.signature[64]
    twin = r + (ORDER - int.from_bytes(s)).to_bytes(32) + bytes([27 + 28 - v])
    assert signer_of(digest(ballot()), twin) is None


@given(st.binary(max_size=80).filter(lambda data: len(data) != 65))
def test_what_has_not_65_bytes_is_no_account_signature(data: bytes) -> None:
    assert signer_of(digest(ballot()), data) is None


@given(st.binary(min_size=64, max_size=64), st.integers(0, 255))
def test_garbage_of_the_right_length_never_raises(data: bytes, v: int) -> None:
    assert signer_of(digest(ballot()), data + bytes([v])) not in {m.address for m in MEMBERS}


def test_signatures_stand_by_ascending_signer() -> None:
    signatures = sign(ballot(), reversed(MEMBERS))
    assert [s.signer for s in signatures] == [m.address for m in MEMBERS]
    assert in_order(reversed(signatures)) == signatures
