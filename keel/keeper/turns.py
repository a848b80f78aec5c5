"""Let keepers take turns, so that usually one acts and the others find it done.

Nobody waits for word from another: a keeper that is down is passed over after a few slots. Keepers
that know of each other by their settings are ordered anew in every epoch, so no two have the same
turn. One that knows of no other never waits: doing what anybody may do twice costs the second only
a little gas. What is urgent waits for nobody.
"""

from collections.abc import Collection, Sequence

from eth_utils.crypto import keccak

from keel.keeper.chores import Chore
from keel.keeper.view import Head


class Turns:
    """Remembers since which slot each chore has been wanted, and forgets those that went away."""

    def __init__(self, turn_slots: int, others: Collection[str] = ()) -> None:
        self._turn_slots = turn_slots
        self._others = others
        self._since: dict[str, int] = {}

    def due(self, chores: Sequence[Chore], head: Head, account: str) -> tuple[Chore, ...]:
        """Chores whose turn has come at this head."""
        self._since = {chore.key: self._since.get(chore.key, head.slot) for chore in chores}
        wait_slots = turn_of(account, self._others, head.epoch) * self._turn_slots
        return tuple(
            chore
            for chore in chores
            if chore.is_urgent or head.slot - self._since[chore.key] >= wait_slots
        )


def turn_of(account: str, others: Collection[str], epoch: int) -> int:
    """Number of keepers that go before this one in an epoch."""
    own = _draw(account, epoch)
    return sum(_draw(other, epoch) < own for other in others)


def _draw(account: str, epoch: int) -> int:
    return int.from_bytes(keccak(text=f"{account.lower()} {epoch}"))
