"""Limits of amounts per time.

LIM-1: a bucket is one number, the tick at which it is full again; taking moves it on, rounded up,
and is refused when it would be more than a period ahead.
LIM-2: what is available is exactly the largest amount that LIM-1 accepts.

LIM-3, what is limited and by how much, is in `keel.model.parameters` and in the transitions.
"""

from keel.model.constants import TICKS_PER_SECOND
from keel.model.errors import LimitExceeded
from keel.model.rounding import ceil_div


def available(full_at_ticks: int, now: int, capacity: int, period_seconds: int) -> int:
    """Largest amount that `take` accepts (LIM-2); a capacity of 0 allows only 0."""
    room = _room_ticks(full_at_ticks, now, period_seconds)
    return room * capacity // (period_seconds * TICKS_PER_SECOND)


def take(full_at_ticks: int, now: int, amount: int, capacity: int, period_seconds: int) -> int:
    """Return the new `full_at_ticks` (LIM-1); raises LimitExceeded."""
    start = max(full_at_ticks, now * TICKS_PER_SECOND)
    if amount == 0:
        return start
    cost = ceil_div(amount * period_seconds * TICKS_PER_SECOND, capacity) if capacity else None
    if cost is None or cost > _room_ticks(full_at_ticks, now, period_seconds):
        raise LimitExceeded(amount, available(full_at_ticks, now, capacity, period_seconds))
    return start + cost


def emptied(now: int, period_seconds: int) -> int:
    """A bucket with nothing left in it (REP-8)."""
    return (now + period_seconds) * TICKS_PER_SECOND


def _room_ticks(full_at_ticks: int, now: int, period_seconds: int) -> int:
    start = max(full_at_ticks, now * TICKS_PER_SECOND)
    return max(0, emptied(now, period_seconds) - start)
