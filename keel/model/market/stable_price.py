"""The mean price of wkETH in a StablePool, between a record of its price sum and now.

FED-9: a record a window; the mean is from the newest record that is a window old.
FED-10: a pool below a least worth has no price, and who records it then forgets all records.

Prices are in wei of ether a whole token, times in seconds, worths in wei.
"""

from dataclasses import dataclass

from keel.model.constants import ETHER
from keel.model.errors import Refused

MOST_WINDOWS = 3


@dataclass(eq=False)
class WindowTooLong(Refused):
    """Nothing that counts is as old as the window."""

    window_seconds: int
    remembered_seconds: int


@dataclass(eq=False)
class RecordTooOld(Refused):
    """Nobody has recorded for too long."""

    age_seconds: int
    most_seconds: int


@dataclass(eq=False)
class MarketTooThin(Refused):
    """FED-10."""

    worth_wei: int
    least_wei: int


@dataclass(eq=False)
class RecordedTooSoon(Refused):
    """FED-9: one record a window."""

    possible_at: int
    now_time: int


@dataclass(frozen=True)
class Seen:
    """The pool as it is now; `rate_wei` is what a whole wkETH is worth."""

    now: int
    price_sum: int
    worth_wei: int
    rate_wei: int


@dataclass
class StablePrice:
    """Records are times and price sums, the newest first."""

    window_seconds: int
    least_wei: int
    records: list[tuple[int, int]]

    def record(self, seen: Seen) -> None:
        """Record, or forget; raises RecordedTooSoon."""
        if seen.worth_wei < self.least_wei:
            self.records = []
            return
        if self.records and seen.now - self.records[0][0] < self.window_seconds:
            raise RecordedTooSoon(self.records[0][0] + self.window_seconds, seen.now)
        self.records = [(seen.now, seen.price_sum), *self.records[:1]]

    def price_wei(self, seen: Seen) -> int:
        """Wei of ether a whole token, rounded down twice; raises Refused."""
        if seen.worth_wei < self.least_wei:
            raise MarketTooThin(seen.worth_wei, self.least_wei)
        ages = [seen.now - at for at, _ in self.records]
        old = [number for number, age in enumerate(ages) if age >= self.window_seconds]
        if not old:
            raise WindowTooLong(self.window_seconds, ages[0] if ages else 0)
        age, most = ages[old[0]], MOST_WINDOWS * self.window_seconds
        if age > most:
            raise RecordTooOld(age, most)
        mean_wad = (seen.price_sum - self.records[old[0]][1]) // age
        return mean_wad * seen.rate_wei // ETHER
