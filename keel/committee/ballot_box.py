"""The ballots that this member knows: checked when they come, bounded, shared by two threads.

The server's thread takes what peers send, the reporter's own thread what it pulls. A box knows the
committee and the time of the last head that the reporter saw, and takes nothing before that.
"""

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from enum import Enum, auto

from keel.committee.ballot import digest, signer_of
from keel.committee.messages import SignedBallot
from keel.committee.tally import Terms
from keel.committee.timetable import Timetable
from keel.committee.unproven import OURSELVES, Reference, Sender, Unproven, Waiting
from keel.errors import KeelError

MOST_REPORTS_OF_A_MEMBER = 4
"""Different reports of one slot kept of one member: enough to show that it signed several."""

MOST_INVALID_OF_A_PEER = 8
"""After so many in one answer the rest of it is not looked at."""

_BAD_REQUEST, _FORBIDDEN, _TOO_MANY, _UNAVAILABLE = 400, 403, 429, 503


class BallotRefusedError(KeelError):
    """A ballot that does not count; `status` is that of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

    @property
    def is_invalid(self) -> bool:
        """Whether no honest sender brings such a ballot at any time."""
        return self.status == _FORBIDDEN


class Reception(Enum):
    """What became of a ballot: counted from now on or before, or still to be proven."""

    COUNTED = auto()
    KNOWN = auto()
    UNPROVEN = auto()


class BallotBox:
    """Ballots of the slots that are reported now or next; `received` counts those taken.

    They are for the oracle of the head; those for one that was replaced are dropped.
    """

    def __init__(self, chain_id: int, timetable: Timetable) -> None:
        self.received = 0
        self._chain_id = chain_id
        self._timetable = timetable
        self._lock = threading.Lock()
        self._terms: Terms | None = None
        self._now = 0
        self._kept: dict[Reference, SignedBallot] = {}
        self._waiting = Waiting()

    def open_for(self, terms: Terms, now: int) -> None:
        """Follow the chain's head; drops what counts no longer."""
        with self._lock:
            if self._terms is not None and self._terms.oracle != terms.oracle:
                self._kept.clear()
                self._waiting = Waiting()
            self._terms, self._now = terms, now
            kept = self._kept.items()
            for reference in [key for key, ballot in kept if self._fault(ballot, terms)]:
                del self._kept[reference]
            for unproven in self._waiting.all():
                if self._fault(unproven.ballot, terms):
                    self._waiting.remove(unproven)

    def take(self, ballot: SignedBallot, sender: Sender = OURSELVES) -> Reception:
        """Keep a ballot. Raises BallotRefusedError.

        A ballot of a member with code that is not the signature of its key waits for `prove`.
        """
        with self._lock:
            terms = self._terms
            if terms is None:
                raise BallotRefusedError(_UNAVAILABLE, "no head of the chain was read yet")
            fault = self._fault(ballot, terms)
            is_kept = ballot in self._kept.values()
        if fault is not None:
            raise fault
        if is_kept:  # as nearly all that peers hand out; a signature costs a hundred times as much
            return Reception.KNOWN
        message = digest(ballot.ballot(self._chain_id, terms.oracle))
        reference = (ballot.ref_slot, ballot.signer, message)
        by_account = signer_of(message, ballot.signature) == ballot.signer
        if not by_account and ballot.signer not in terms.contracts:
            raise BallotRefusedError(_FORBIDDEN, f"the signature is not that of {ballot.signer}")
        with self._lock:
            if self._terms is None or self._terms.oracle != terms.oracle:
                raise BallotRefusedError(_BAD_REQUEST, "the oracle was replaced meanwhile")
            if reference in self._kept:
                return Reception.KNOWN
            if by_account:
                self._keep(reference, ballot)
                return Reception.COUNTED
            if not self._waiting.add(Unproven(ballot, reference, sender)):
                raise BallotRefusedError(_TOO_MANY, "other ballots must be proven first")
            return Reception.UNPROVEN

    def take_from_peer(self, url: str, ballots: Iterable[SignedBallot]) -> str | None:
        """Keep what a peer hands out; returns what is wrong with it, None if nothing is."""
        invalid: list[str] = []
        for ballot in ballots:
            try:
                self.take(ballot, Sender(url, is_peer=True))
            except BallotRefusedError as error:
                if error.is_invalid:
                    invalid.append(str(error))
            if len(invalid) >= MOST_INVALID_OF_A_PEER:
                break
        return f"sent invalid ballots: {invalid[0]}" if invalid else None

    def prove(self, accepts: Callable[[str, bytes, bytes], bool]) -> None:
        """Ask members that are contracts (ERC-1271): `accepts(member, digest, signature)`."""
        with self._lock:
            asked = self._waiting.all()
        for unproven in asked:
            _, member, message = reference = unproven.reference
            with self._lock:
                is_known = reference in self._kept
            accepted = not is_known and accepts(member, message, unproven.ballot.signature)
            with self._lock:
                self._waiting.remove(unproven)
                if accepted and reference not in self._kept:
                    with suppress(BallotRefusedError):
                        self._keep(reference, unproven.ballot)

    def ballots(self, ref_slot: int) -> tuple[SignedBallot, ...]:
        """All valid ballots of a reference slot."""
        with self._lock:
            return tuple(ballot for key, ballot in self._kept.items() if key[0] == ref_slot)

    def _keep(self, reference: Reference, ballot: SignedBallot) -> None:
        of_member = [other for other in self._kept if other[:2] == reference[:2]]
        if len(of_member) >= MOST_REPORTS_OF_A_MEMBER:
            raise BallotRefusedError(
                _FORBIDDEN, f"{ballot.signer} signed too many reports of one slot"
            )
        self._kept[reference] = ballot
        self.received += 1

    def _fault(self, ballot: SignedBallot, terms: Terms) -> BallotRefusedError | None:
        slot, deadline = ballot.ref_slot, self._timetable.deadline(ballot.ref_slot)
        if not self._timetable.takes_ballots(slot, self._now):
            return BallotRefusedError(_BAD_REQUEST, f"slot {slot} cannot be reported now")
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
            return BallotRefusedError(_FORBIDDEN, f"{ballot.signer} is not a member")
        return None
