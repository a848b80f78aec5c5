"""Let keepers take turns, so that usually one acts and the others find it done.

Nobody waits for word from another: a keeper that is down is passed over after a few slots. Known
keepers, the holders of EXITER, are ordered among them all, so no two of them have the same turn.
Other keepers, and chores without an order, are spread by chance: doing what anybody may do twice
costs the second only a little gas.
"""

from collections.abc import Sequence

from eth_utils.crypto import keccak

from keel.keeper.chores import Chore
from keel.keeper.view import Head

OPEN_TURNS = 3
"""Turns among which keepers are spread for what anybody may do."""


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
            if head.slot - self._since[chore.key]
            >= turn_of(account, chore.order, head.epoch) * self._turn_slots
        )


def turn_of(account: str, order: Sequence[str], epoch: int) -> int:
    """Number of keepers that go before this one in an epoch."""
    if account in order:
        return sorted(order, key=lambda each: _draw(each, epoch)).index(account)
    return _draw(account, epoch) % OPEN_TURNS


def _draw(account: str, epoch: int) -> int:
    return int.from_bytes(keccak(text=f"{account.lower()} {epoch}"))
