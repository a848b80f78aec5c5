"""Let keepers take turns, so that usually one acts and the others find it done.

Nobody waits for word from another, and nobody knows who the others are: each draws its turn anew in
every epoch. Doing twice what anybody may do costs the second only a little gas, and a keeper that
is down is passed over after a few slots. What is urgent waits for nobody.
"""

from collections.abc import Sequence

from eth_utils.crypto import keccak

from keel.keeper.chores import Chore
from keel.keeper.view import Head

OPEN_TURNS = 3
"""Turns among which keepers are spread."""


class Turns:
    """Remembers since which slot each chore has been wanted, and forgets those that went away."""

    def __init__(self, turn_slots: int) -> None:
        self._turn_slots = turn_slots
        self._since: dict[str, int] = {}

    def due(self, chores: Sequence[Chore], head: Head, account: str) -> tuple[Chore, ...]:
        """Chores whose turn has come at this head."""
        self._since = {chore.key: self._since.get(chore.key, head.slot) for chore in chores}
        return tuple(
            chore
            for chore in chores
            if chore.is_urgent
            or head.slot - self._since[chore.key] >= turn_of(account, head.epoch) * self._turn_slots
        )


def turn_of(account: str, epoch: int) -> int:
    """Number of turns that this keeper leaves to others in an epoch."""
    return int.from_bytes(keccak(text=f"{account.lower()} {epoch}")) % OPEN_TURNS
