"""The ballots that this member knows: checked when they come, bounded, shared by two threads.

The server's thread takes what peers send, the reporter's own thread what it pulls. A box knows the
committee and the time of the last head that the reporter saw, and takes nothing before that.
"""

import threading
from collections.abc import Callable

from keel.committee.ballot import digest, signer_of
from keel.committee.messages import SignedBallot
from keel.committee.tally import Terms
from keel.committee.timetable import Timetable

MOST_REPORTS_OF_A_MEMBER = 4
"""Different reports of one reference slot that are kept of one member: enough to name a liar."""

_BAD_REQUEST, _FORBIDDEN, _UNAVAILABLE = 400, 403, 503

type _Key = tuple[int, str, bytes]
"""Reference slot, signer and digest."""


class BallotRefusedError(Exception):
    """A ballot that does not count; `status` is that of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class BallotBox:
    """Ballots of the slots that are reported now or next; `received` counts those taken."""

    def __init__(self, chain_id: int, oracle: str, timetable: Timetable) -> None:
        self.received = 0
        self._chain_id = chain_id
        self._oracle = oracle
        self._timetable = timetable
        self._lock = threading.Lock()
        self._terms: Terms | None = None
        self._now = 0
        self._kept: dict[_Key, SignedBallot] = {}
        self._unproven: dict[_Key, SignedBallot] = {}

    def open_for(self, terms: Terms, now: int) -> None:
        """Follow the chain's head; drops what counts no longer."""
        with self._lock:
            self._terms, self._now = terms, now
            for ballots in (self._kept, self._unproven):
                for key in [key for key, ballot in ballots.items() if self._fault(ballot, terms)]:
                    del ballots[key]

    def take(self, ballot: SignedBallot) -> bool:
        """Keep a ballot; False for one that was known. Raises BallotRefusedError.

        A ballot of a member with code that is not the signature of its key waits for `prove`.
        """
        with self._lock:
            terms = self._terms
            if terms is None:
                raise BallotRefusedError(_UNAVAILABLE, "no head of the chain was read yet")
            fault = self._fault(ballot, terms)
        if fault is not None:
            raise fault
        message = digest(ballot.ballot(self._chain_id, self._oracle))
        key = (ballot.ref_slot, ballot.signer, message)
        by_account = signer_of(message, ballot.signature) == ballot.signer
        if not by_account and ballot.signer not in terms.contracts:
            raise BallotRefusedError(_FORBIDDEN, f"the signature is not that of {ballot.signer}")
        with self._lock:
            known = self._kept if by_account else self._unproven
            if key in self._kept:
                return False
            of_member = [k for k in known if k[:2] == key[:2] and k != key]
            if len(of_member) >= MOST_REPORTS_OF_A_MEMBER:
                raise BallotRefusedError(
                    _FORBIDDEN, f"{ballot.signer} signed too many reports of one slot"
                )
            known[key] = ballot
            self.received += by_account
            return True

    def prove(self, accepts: Callable[[str, bytes, bytes], bool]) -> None:
        """Ask members that are contracts (ERC-1271): `accepts(member, digest, signature)`."""
        with self._lock:
            asked = dict(self._unproven)
        for key, ballot in asked.items():
            _, member, message = key
            accepted = accepts(member, message, ballot.signature)
            with self._lock:
                self._unproven.pop(key, None)
                if accepted:
                    self._kept[key] = ballot
                    self.received += 1

    def ballots(self, ref_slot: int) -> tuple[SignedBallot, ...]:
        """All valid ballots of a reference slot."""
        with self._lock:
            return tuple(ballot for key, ballot in self._kept.items() if key[0] == ref_slot)

    def _fault(self, ballot: SignedBallot, terms: Terms) -> BallotRefusedError | None:
        slot, deadline = ballot.ref_slot, self._timetable.deadline(ballot.ref_slot)
        if not self._timetable.takes_ballots(slot, self._now):
            return BallotRefusedError(_BAD_REQUEST, f"slot {slot} is not reported now")
        if ballot.deadline != deadline:
            return BallotRefusedError(
                _BAD_REQUEST, f"the deadline is {ballot.deadline}, {deadline} expected"
            )
        if ballot.member_set_nonce != terms.member_set_nonce:
            return BallotRefusedError(
                _BAD_REQUEST,
                f"the nonce of the member set is {ballot.member_set_nonce}, "
                f"{terms.member_set_nonce} expected",
            )
        if ballot.signer not in terms.members:
            return BallotRefusedError(_FORBIDDEN, f"{ballot.signer} is no member")
        return None
