"""What a whole wkETH costs in each pool, in wei of WETH, against the protocol's rate.

A spot price is that of the next trade before the fee, and one trade moves it. A mean price is the
pool's own over the last ten minutes.
"""

from collections.abc import Callable
from dataclasses import dataclass

from eth_abi.exceptions import DecodingError

from keel.chain.abi import Abi
from keel.chain.contract import Contract, PreparedCall, call_many
from keel.chain.errors import RpcError
from keel.chain.revert import Reverted
from keel.chain.rpc import RpcClient
from keel.deploy.bindings import Bindings
from keel.errors import KeelError
from keel.model.constants import BPS, ETHER
from keel.model.market import tick_price
from keel.sight.market import faces
from keel.sight.market.places import Places

MEAN_SECONDS = 600
"""Over which Uniswap's mean price is taken."""

_SQUARE_BITS = 192
REFUSALS = (Reverted, RpcError, DecodingError)
"""What a contract of the market may answer; a node that does not answer is not among them."""


class NoPriceError(KeelError):
    """A pool or a feed that has no price now."""


@dataclass(frozen=True, slots=True)
class PoolPrice:
    """`system` is its name in the manifest; without a spot price `problem` says why.

    The mean is None where the pool does not remember it.
    """

    system: str
    address: str
    spot_wei: int | None
    mean_wei: int | None = None
    problem: str = ""

    @property
    def price_wei(self) -> int | None:
        """The mean where there is one: what a feed may follow."""
        return self.spot_wei if self.mean_wei is None else self.mean_wei


@dataclass(frozen=True, slots=True)
class FeedPrice:
    """What a feed answers for a whole wkETH; `is_fresh` as the feed says."""

    name: str
    address: str
    wei: int | None
    is_fresh: bool = False
    problem: str = ""


type _Read = Callable[[RpcClient, str, str, int, int | str], tuple[int, int | None]]


def off_bps(price_wei: int, rate_wei: int) -> int:
    """How far a price is from the rate, below 0 for a discount; rounded away from the rate."""
    apart = (price_wei - rate_wei) * BPS
    return apart // rate_wei if apart < 0 else -(-apart // rate_wei)


def read_pools(
    c: Bindings, places: Places, rate_wei: int, block: int | str = "latest"
) -> tuple[PoolPrice, ...]:
    """The price in each pool that the manifest names; raises what the client raises."""
    readers: tuple[tuple[str, str | None, _Read], ...] = (
        ("uniswap", places.uniswap, _uniswap_price),
        ("stable", places.stable, _stable_price),
    )
    found = []
    for system, address, read in readers:
        if address is None:
            continue
        try:
            spot_wei, mean_wei = read(c.rpc, address, c.wrapped.address, rate_wei, block)
            found.append(PoolPrice(system, address, spot_wei, mean_wei))
        except (*REFUSALS, NoPriceError) as error:
            found.append(PoolPrice(system, address, None, problem=problem_of(error)))
    return tuple(found)


def read_feeds(
    rpc: RpcClient, places: Places, block: int | str = "latest"
) -> tuple[FeedPrice, ...]:
    """What each of Keel's feeds answers; raises what the client raises."""
    found = []
    for name, address in places.feeds.items():
        try:
            answer, decimals = call_many(
                rpc, _reads(rpc, address, faces.FEED, "latestRoundData", "decimals"), block
            )
            wei = answer.answer * ETHER // 10**decimals
            found.append(FeedPrice(name, address, wei, answer.updatedAt > 0))
        except REFUSALS as error:
            found.append(FeedPrice(name, address, None, problem=problem_of(error)))
    return tuple(found)


def problem_of(error: Exception) -> str:
    """In a few words why there is no answer."""
    return "what it answers cannot be read" if isinstance(error, DecodingError) else str(error)


def price_of_root(root_96: int, *, is_wketh_first: bool) -> int:
    """Wei of a whole wkETH by Uniswap's root of token1 in token0; raises NoPriceError for 0."""
    if root_96 == 0:
        raise NoPriceError("it was not opened")
    square = root_96**2
    if is_wketh_first:
        return (ETHER * square) >> _SQUARE_BITS
    return (ETHER << _SQUARE_BITS) // square


def is_wketh_first(wketh: str, weth: str) -> bool:
    """Whether wkETH is token0 of a pool: the lower address is."""
    return int(wketh, 16) < int(weth, 16)


def _uniswap_price(
    rpc: RpcClient, address: str, wketh: str, _rate_wei: int, block: int | str
) -> tuple[int, int | None]:
    pool = Contract(rpc, address, faces.UNISWAP_POOL)
    token0, slot0 = call_many(rpc, _reads(rpc, address, pool.abi, "token0", "slot0"), block)
    is_first = token0 == wketh
    spot_wei = price_of_root(slot0.sqrtPriceX96, is_wketh_first=is_first)
    try:
        ticks, _ = pool.function("observe")([MEAN_SECONDS, 0], block=block)
    except Reverted:
        return spot_wei, None  # it does not remember so long
    tick = tick_price.mean_tick(ticks[1] - ticks[0], MEAN_SECONDS, is_token0=is_first)
    if abs(tick) > tick_price.MOST_TICK:
        return spot_wei, None
    return spot_wei, int(tick_price.price(tick))


def _stable_price(
    rpc: RpcClient, address: str, _wketh: str, rate_wei: int, block: int | str
) -> tuple[int, None]:
    over_rate_wad = Contract(rpc, address, faces.STABLE_POOL).function("spotPrice")(block=block)
    if not over_rate_wad:
        raise NoPriceError("it answers 0")
    return over_rate_wad * rate_wei // ETHER, None


def _reads(rpc: RpcClient, address: str, abi: Abi, *names: str) -> list[PreparedCall]:
    contract = Contract(rpc, address, abi)
    return [contract.function(name).prepare() for name in names]
