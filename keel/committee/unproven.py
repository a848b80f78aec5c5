"""Ballots of members that are contracts, until the contracts have been asked (ERC-1271).

Anybody can write one, so nobody's may keep out another's: each is kept next to the others, the
bounds are those of its sender, and no new one takes the place of an older one.
"""

from dataclasses import dataclass

from keel.committee.messages import SignedBallot

MOST_OF_A_SENDER = 8
MOST_OF_STRANGERS = 64
"""A bound of the questions at one head; what peers hand out themselves does not count here."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who brought a ballot: an address that may be anybody's, or a peer that was asked."""

    name: str
    is_peer: bool = False


OURSELVES = Sender("ourselves", is_peer=True)

type Reference = tuple[int, str, bytes]
"""Reference slot, signer and digest."""


@dataclass(frozen=True, slots=True)
class Unproven:
    """A ballot whose signature a contract must check."""

    ballot: SignedBallot
    reference: Reference
    sender: Sender


class Waiting:
    """All unproven ballots, in the order in which they came."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Reference, bytes], Unproven] = {}

    def add(self, unproven: Unproven) -> bool:
        """Keep it next to the others; False when there is no room for more of this sender."""
        key = (unproven.reference, unproven.ballot.signature)
        if key in self._kept:
            return True
        sender, others = unproven.sender, [each.sender for each in self._kept.values()]
        if others.count(sender) >= MOST_OF_A_SENDER:
            return False
        strangers = sum(not other.is_peer for other in others)
        if not sender.is_peer and strangers >= MOST_OF_STRANGERS:
            return False
        self._kept[key] = unproven
        return True

    def all(self) -> tuple[Unproven, ...]:
        """Return them, oldest first."""
        return tuple(self._kept.values())

    def remove(self, unproven: Unproven) -> None:
        """Forget one, if it is there."""
        self._kept.pop((unproven.reference, unproven.ballot.signature), None)
