"""What wkETH cost in the pools after each trade, from their events.

Uniswap's events have the price. StablePool's have the amounts: reserves are added up from the first
on, and the price is that of the curve at the rate of the moment. What is older than a few blocks is
read once; the rest at each head again, so that a reorganisation costs nothing.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from keel.chain.abi import Event
from keel.chain.logs import logs_matching
from keel.chain.rpc import RpcClient
from keel.chain.state import BlockHead
from keel.dashboard.series import Point
from keel.model.constants import ETHER, RAY
from keel.model.errors import Refused
from keel.model.market.stable_pool import Reserves, StablePool
from keel.sight.event_index import RANGE_BLOCKS, hash_at, times_of
from keel.sight.market import faces
from keel.sight.market.places import Places
from keel.sight.market.pools import is_wketh_first, price_of_root

TRADES_KEPT = 1_000
"""Of both pools together, the newest."""

_RANGES_AT_ONCE = 25
_SETTLED_BLOCKS = 64
_PRICED = ("Initialize", "Swap")


@dataclass(frozen=True, slots=True)
class Trade:
    """The price of a whole wkETH in ether that a pool had from then on.

    A pool that knows the rate follows it: `rate` is that of the trade, None for other pools.
    """

    system: str
    time: int
    price: float
    rate: float | None = None

    def price_at(self, rate: float) -> float:
        """The price while no further trade came, at another rate."""
        return self.price if self.rate is None else self.price * rate / self.rate


@dataclass(frozen=True, slots=True)
class _State:
    """What the events up to a block amount to."""

    trades: tuple[Trade, ...]
    held: Reserves


_NOTHING = _State((), Reserves())


def rate_at(points: Sequence[Point], time: int) -> float:
    """The protocol's rate, between two points on the line between them."""
    place = bisect_right(points, time, key=lambda point: point.time)
    if place == 0:
        return points[0].rate if points else 1.0
    before, after = points[place - 1], points[min(place, len(points) - 1)]
    if after.time <= before.time:
        return before.rate
    part = (time - before.time) / (after.time - before.time)
    return before.rate + part * (after.rate - before.rate)


class TradeIndex:
    """Follows both pools of a market; `amplification` is that of StablePool."""

    def __init__(self, places: Places, wketh: str, first_block: int, amplification: int) -> None:
        self._is_first = is_wketh_first(wketh, places.weth)
        self._first_block = first_block
        self._amplification = amplification
        self._pools = {
            address: (system, face)
            for system, address, face in (
                ("uniswap", places.uniswap, faces.UNISWAP_POOL),
                ("stable", places.stable, faces.STABLE_POOL),
            )
            if address is not None
        }
        topics = {"0x" + topic.hex() for _, face in self._pools.values() for topic in face.events}
        self._query = {"address": list(self._pools), "topics": [sorted(topics)]}
        self._settled = _NOTHING
        self._checkpoint: tuple[int, str | None] = (first_block - 1, None)

    def read(self, rpc: RpcClient, head: BlockHead, points: Sequence[Point]) -> tuple[Trade, ...]:
        """Trades up to the head, of a long history first the older ones; raises what rpc raises."""
        if not self._pools:
            return ()
        self._forget_what_is_gone(rpc)
        next_block = self._checkpoint[0] + 1
        for _ in range(_RANGES_AT_ONCE):
            last = min(next_block + RANGE_BLOCKS - 1, head.number - _SETTLED_BLOCKS)
            if last < next_block:
                break
            self._settled = self._after(rpc, self._settled, (next_block, last), points)
            self._checkpoint = last, hash_at(rpc, last)
            next_block = last + 1
        if next_block + _SETTLED_BLOCKS < head.number:
            return self._settled.trades
        return self._after(rpc, self._settled, (next_block, head.number), points).trades

    def _forget_what_is_gone(self, rpc: RpcClient) -> None:
        number, block_hash = self._checkpoint
        if block_hash is not None and hash_at(rpc, number) != block_hash:
            self._settled = _NOTHING
            self._checkpoint = self._first_block - 1, None

    def _after(
        self, rpc: RpcClient, state: _State, blocks: tuple[int, int], points: Sequence[Point]
    ) -> _State:
        logs = list(logs_matching(rpc, self._query, *blocks))
        times = times_of(rpc, {log.block_number for log in logs})
        trades, held = list(state.trades), state.held
        for log in logs:
            system, face = self._pools[log.address]
            event = face.decode_log(log)
            if event is None:
                continue
            time = times[log.block_number]
            if event.name in _PRICED:
                root = event.inputs["sqrtPriceX96"]
                price_wei = price_of_root(root, is_wketh_first=self._is_first)
                trades.append(Trade(system, time, price_wei / ETHER))
                continue
            held, rate = _held_after(held, event), rate_at(points, time)
            price = self._curve_price(held, rate)
            if price is not None:
                trades.append(Trade(system, time, price, rate))
        return _State(tuple(trades[-TRADES_KEPT:]), held)

    def _curve_price(self, held: Reserves, rate: float) -> float | None:
        """None for a pool that has nothing."""
        pool = StablePool(self._amplification, 0, held)
        try:
            return pool.spot_price(int(rate * RAY)) / ETHER * rate
        except Refused:
            return None


def _held_after(held: Reserves, event: Event) -> Reserves:
    """POL-8: what calls brought and took."""
    given = event.inputs
    if event.name == "Exchange":
        into, out = given["amountIn"], given["amountOut"]
        units, wei = (into, -out) if given["isWrappedIn"] else (-out, into)
    else:
        sign = 1 if event.name == "LiquidityAdded" else -1
        units, wei = sign * given["units"], sign * given["wethWei"]
    return Reserves(held.units + units, held.weth_wei + wei)
