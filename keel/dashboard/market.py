"""The market on the page: what wkETH costs in each place, what is lent on it, and over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keel.chain.contract import Contract
from keel.chain.state import BlockHead
from keel.dashboard.deployment import KnownDeployment
from keel.dashboard.series import Point
from keel.dashboard.trades import Trade, TradeIndex, rate_at
from keel.dashboard.view import Snapshot
from keel.deploy.bindings import Bindings
from keel.model.constants import ETHER
from keel.sight.market import faces
from keel.sight.market.loans import Loan, read_loans
from keel.sight.market.places import TITLES, MarketPart, Places
from keel.sight.market.pools import (
    REFUSALS,
    FeedPrice,
    PoolPrice,
    off_bps,
    read_feeds,
    read_pools,
)

CHARTED = ("uniswap", "stable")
"""The pools of the chart, in its order."""

type Columns = tuple[tuple[float | None, ...], ...]
"""Times, the rate, and the price in each pool of CHARTED, None before it has one."""

_FEED_TITLES = {"rate": "Feed of the rate", "market": "Feed of the lesser of rate and pool"}


@dataclass(frozen=True, slots=True)
class Quote:
    """What a whole wkETH is worth somewhere, and how far that is from the rate.

    `name` is unique; without a price `problem` says why.
    """

    name: str
    title: str
    wei: int | None
    off_bps: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class MarketView:
    """All of it at one head."""

    quotes: tuple[Quote, ...]
    loans: tuple[tuple[str, Loan], ...]
    columns: Columns


class MarketFollower:
    """Reads the market of a manifest at each head, and keeps what its pools did."""

    def __init__(self, known: KnownDeployment) -> None:
        self._part = MarketPart(known.path)
        self._first_block = known.manifest.block
        self._index: TradeIndex | None = None
        self._indexed: Places | None = None

    def read(self, c: Bindings, s: Snapshot, points: Sequence[Point]) -> MarketView | None:
        """None without a market; raises what the client raises."""
        places = self._part.places()
        if places is None:
            return None
        block, wketh = s.head.number, c.wrapped.address
        pools = read_pools(c, places, s.rate_wei, block)
        quotes = _quotes(pools, read_feeds(c.rpc, places, block), s)
        loans = read_loans(c.rpc, wketh, places, s.head.timestamp, block)
        trades = self._trades(c, places, s.head, points)
        named = tuple((TITLES[loan.system], loan) for loan in loans)
        return MarketView(quotes, named, columns(trades, pools, points))

    def _trades(
        self, c: Bindings, places: Places, head: BlockHead, points: Sequence[Point]
    ) -> tuple[Trade, ...]:
        """Of an index that is made anew when the manifest names other places."""
        if self._index is None or places != self._indexed:
            amplification = _amplification(c, places, head.number)
            if amplification is None:
                return ()
            wketh = c.wrapped.address
            self._index = TradeIndex(places, wketh, self._first_block, amplification)
            self._indexed = places
        return self._index.read(c.rpc, head, points)


def columns(
    trades: Sequence[Trade], pools: Sequence[PoolPrice], points: Sequence[Point]
) -> Columns:
    """Prices that stand from trade to trade beside the rate, from the first trade on to now.

    At a trade there are two rows of one time: before and after it. The last row is what pools say.
    """
    now = points[-1].time
    since = min((trade.time for trade in trades), default=now)
    traded: dict[int, list[Trade]] = {}
    for trade in trades:
        traded.setdefault(trade.time, []).append(trade)
    last: dict[str, Trade] = {}
    rows: list[tuple[float | None, ...]] = []
    for time in sorted({*traded, *(p.time for p in points if p.time >= since)}):
        rate = rate_at(points, time)
        if last and time in traded:
            rows.append(_row(time, rate, last))
        last |= {trade.system: trade for trade in traded.get(time, ())}
        rows.append(_row(time, rate, last))
    said = {
        pool.system: Trade(pool.system, now, pool.spot_wei / ETHER)
        for pool in pools
        if pool.spot_wei
    }
    rows[-1] = _row(now, points[-1].rate, said)
    return tuple(zip(*rows, strict=True))


def _row(time: int, rate: float, last: Mapping[str, Trade]) -> tuple[float | None, ...]:
    found = (last.get(system) for system in CHARTED)
    return (time, rate, *(None if trade is None else trade.price_at(rate) for trade in found))


def _quotes(
    pools: Sequence[PoolPrice], feeds: Sequence[FeedPrice], s: Snapshot
) -> tuple[Quote, ...]:
    found = []
    for pool in pools:
        title = TITLES[pool.system]
        found.append(_quote(pool.system, title, pool.spot_wei, s, pool.problem))
        if pool.mean_wei is not None:
            found.append(_quote(f"{pool.system}_mean", f"{title}, mean", pool.mean_wei, s))
    for feed in feeds:
        stale = "" if feed.wei is None or feed.is_fresh else " (not to be used now)"
        title = _FEED_TITLES[feed.name] + stale
        found.append(_quote(f"{feed.name}_feed", title, feed.wei, s, feed.problem))
    paid_wei = None
    if s.price is not None:
        paid_wei = s.price.paid_wei * s.rate_wei // max(s.price.value_wei, 1)
    closed = "closed, or without free ether"
    found.append(_quote("instant", "Instant redemption", paid_wei, s, closed))
    return tuple(found)


def _quote(name: str, title: str, wei: int | None, s: Snapshot, problem: str = "") -> Quote:
    if wei is None:
        return Quote(name, title, None, problem=problem)
    return Quote(name, title, wei, off_bps(wei, s.rate_wei))


def _amplification(c: Bindings, places: Places, block: int) -> int | None:
    """Of StablePool, which never changes; 0 where none is named, None where it does not answer."""
    if places.stable is None:
        return 0
    try:
        pool = Contract(c.rpc, places.stable, faces.STABLE_POOL)
        return int(pool.function("AMPLIFICATION")(block=block))
    except REFUSALS:
        return None
