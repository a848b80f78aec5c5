"""Everything that alarms are judged by, at one head. Amounts are wei, times Unix seconds."""

from dataclasses import dataclass

from keel.model.frames import State
from keel.monitor.borrowers import Debts
from keel.monitor.prices import Price
from keel.sight.market.loans import Loan
from keel.sight.market.pools import FeedPrice, PoolPrice


@dataclass(frozen=True, slots=True)
class Queue:
    """`oldest_at` is when the first ticket that waits was requested, None without any."""

    waiting: int
    owed_wei: int
    buffered_wei: int
    oldest_at: int | None


@dataclass(frozen=True, slots=True)
class Reports:
    """`late_seconds` is how long a report could have been posted and was not, 0 if none is due.

    `signers` are those of the last report, None where its transaction does not show them.
    """

    late_seconds: int
    quorum: int
    members: int
    signers: int | None
    announced_at: int
    announced_wei: int
    slashed_wei: int


@dataclass(frozen=True, slots=True)
class Part:
    """Whose part is the largest, and how large."""

    name: str
    bps: int


@dataclass(frozen=True, slots=True)
class Income:
    """What validators earned a year by the last reports, and what the chain pays at most."""

    earned_bps: int
    chain_bps: int


@dataclass(frozen=True, slots=True)
class WaitingCall:
    """A call that governance has scheduled; anyone can see it until it is executed."""

    what: str
    caller: str
    executable_at: int


@dataclass(frozen=True, slots=True)
class News:
    """A change of who may do what, and when it happened."""

    what: str
    time: int


@dataclass(frozen=True, slots=True)
class MarketReading:
    """What the systems that the manifest names say of wkETH, whose rate stands beside it.

    `instant_wei` is what instant redemption pays for a whole wkETH, None while it is closed.
    """

    pools: tuple[PoolPrice, ...]
    feeds: tuple[FeedPrice, ...]
    loans: tuple[Loan, ...]
    debts: tuple[Debts, ...]
    instant_wei: int | None


@dataclass(frozen=True, slots=True)
class Reading:
    """All of it; `income` is None before enough reports, or without a beacon state.

    `all_wei` is A + Q, `rate_wei` the worth of a whole wkETH. `market` is None where the manifest
    names none.
    """

    time: int
    frame_seconds: int
    grace_seconds: int
    state: State
    all_wei: int
    rate_wei: int
    fund_wei: int
    fee_bps: int
    queue: Queue
    reports: Reports
    operator: Part | None
    holder: Part | None
    income: Income | None
    waiting_calls: tuple[WaitingCall, ...]
    news: tuple[News, ...]
    prices: tuple[Price, ...]
    market: MarketReading | None
