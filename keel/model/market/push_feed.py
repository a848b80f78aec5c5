"""A rate that several pushers move, each within its own buckets.

PSH-1: pushers are named once and can only retire.
PSH-2: a move takes from the bucket of its direction, and gives nothing back to the other.
PSH-3: each push is the next round, of a state that was read later than the last one's.
PSH-4: fresh while the last push says so and is young enough.
PSH-5: all rounds are kept, and the first is not fresh.
PSH-6: what all pushers can move at once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from keel.model.constants import BPS
from keel.model.errors import Refused
from keel.model.limits import available, take
from keel.model.rounding import ceil_div

MOST_RATE_WEI = 2**96 - 1


@dataclass(eq=False)
class NotPusher(Refused):
    """PSH-1."""

    caller: str


@dataclass(eq=False)
class RoundNotNext(Refused):
    """PSH-3."""

    round: int
    next: int


@dataclass(eq=False)
class ReadInFuture(Refused):
    """PSH-3."""

    read_at: int
    now_time: int


@dataclass(eq=False)
class ReadNotNewer(Refused):
    """PSH-3."""

    read_at: int
    last_read_at: int


@dataclass(eq=False)
class ReadTooOld(Refused):
    """PSH-3."""

    read_at: int
    oldest: int


@dataclass(eq=False)
class ParameterOutOfBounds(Refused):
    """A rate of 0, or of more than 96 bits."""

    what: str
    value: int
    bound: int


@dataclass(frozen=True)
class Bounds:
    """Immutable: capacities in wei of the rate, times in seconds."""

    rise_wei: int
    fall_wei: int
    period_seconds: int
    max_age_seconds: int


@dataclass(frozen=True)
class Round:
    """One push."""

    rate_wei: int
    read_at: int
    is_fresh: bool


@dataclass
class Buckets:
    """`full_at_ticks` of one pusher, for each direction (LIM-1)."""

    rises: int = 0
    falls: int = 0


@dataclass
class PushFeed:
    """The feed; `rounds[0]` is round 1."""

    bounds: Bounds
    pushers: dict[str, Buckets]
    rounds: list[Round] = field(default_factory=list)

    @classmethod
    def created(cls, bounds: Bounds, pushers: Iterable[str], rate_wei: int, now: int) -> "PushFeed":
        """The feed as its constructor leaves it (PSH-5)."""
        first = Round(rate_wei, now, is_fresh=False)
        return cls(bounds, {pusher: Buckets() for pusher in pushers}, [first])

    def push(self, pusher: str, number: int, pushed: Round, now: int) -> None:
        """Add a round (PSH-2, PSH-3); raises Refused."""
        bounds, last = self.bounds, self.rounds[-1]
        buckets = self._buckets_of(pusher)
        if number != len(self.rounds) + 1:
            raise RoundNotNext(number, len(self.rounds) + 1)
        if pushed.read_at > now:
            raise ReadInFuture(pushed.read_at, now)
        if pushed.read_at <= last.read_at:
            raise ReadNotNewer(pushed.read_at, last.read_at)
        if now - pushed.read_at > bounds.max_age_seconds:
            raise ReadTooOld(pushed.read_at, now - bounds.max_age_seconds)
        if not 0 < pushed.rate_wei <= MOST_RATE_WEI:
            raise ParameterOutOfBounds("rateWei", pushed.rate_wei, MOST_RATE_WEI)
        change_wei, period = pushed.rate_wei - last.rate_wei, bounds.period_seconds
        if change_wei > 0:
            buckets.rises = take(buckets.rises, now, change_wei, bounds.rise_wei, period)
        else:
            buckets.falls = take(buckets.falls, now, -change_wei, bounds.fall_wei, period)
        self.rounds.append(pushed)

    def retire(self, pusher: str) -> None:
        """Give up the right to push (PSH-1); raises NotPusher."""
        self._buckets_of(pusher)
        del self.pushers[pusher]

    def available(self, pusher: str, now: int) -> tuple[int, int]:
        """Wei of the rate that a pusher can add, and take off."""
        buckets = self.pushers.get(pusher)
        if buckets is None:
            return 0, 0
        bounds, period = self.bounds, self.bounds.period_seconds
        return (
            available(buckets.rises, now, bounds.rise_wei, period),
            available(buckets.falls, now, bounds.fall_wei, period),
        )

    def updated_at(self, now: int) -> int:
        """When the latest rate was read, or 0 (PSH-4)."""
        last = self.rounds[-1]
        is_young = now - last.read_at <= self.bounds.max_age_seconds
        return last.read_at if last.is_fresh and is_young else 0

    def step_bps(self) -> int:
        """PSH-6."""
        most_wei = max(self.bounds.rise_wei, self.bounds.fall_wei)
        return ceil_div(len(self.pushers) * most_wei * BPS, self.rounds[-1].rate_wei)

    def _buckets_of(self, pusher: str) -> Buckets:
        if pusher not in self.pushers:
            raise NotPusher(pusher)
        return self.pushers[pusher]
