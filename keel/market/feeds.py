"""Keel's own feeds of wkETH in ether: the protocol's rate, and the lesser of it and the pool."""

from collections.abc import Iterator
from dataclasses import dataclass

from keel.chain.abi import Abi
from keel.chain.contract import Contract
from keel.chain.revert import Reverted
from keel.formatting.amounts import shown_ether
from keel.market.system import Addresses, Line, Site, System
from keel.market.uniswap import UNISWAP
from keel.model.constants import ETHER

WINDOW_SECONDS = 600
"""Over which the market's mean price is taken: what somebody must hold a price for."""

LEAST_LIQUIDITY = 100 * ETHER
"""Below it, in the pool's own unit, the mean price is refused."""


@dataclass(frozen=True, slots=True)
class Feeds(Addresses):
    """`pool_price` is the pool's mean price, `market` the lesser of it and `rate`."""

    rate: str
    pool_price: str
    market: str


def rate_feed_of(site: Site) -> Contract:
    """Bind the feed of the protocol's rate; raises MarketError where it is not deployed."""
    return site.bind(site.own("RateFeed"), FEEDS.found(site).rate)


def market_feed_of(site: Site) -> Contract:
    """Bind the feed of the lesser of rate and market; raises MarketError.

    It explains why the pool has no mean price.
    """
    feed = site.own("MarketFeed")
    errors = Abi(feed.abi_entries, site.own("UniswapPrice").abi_entries)
    return Contract(site.rpc, FEEDS.found(site).market, feed.abi, errors=errors)


def _deploy(site: Site) -> Feeds:
    create, pool = site.deployer.create, UNISWAP.found(site).pool
    rate = create(site.own("RateFeed"), site.contracts.vault)
    pool_price = create(
        site.own("UniswapPrice"), pool, site.contracts.wrapped, WINDOW_SECONDS, LEAST_LIQUIDITY
    )
    market = create(site.own("MarketFeed"), rate, pool_price)
    site.deployer.settle()
    return Feeds(rate.address, pool_price.address, market.address)


def _status(site: Site, at: Feeds) -> Iterator[Line]:
    yield Line("rate", at.rate, _answer(rate_feed_of(site)))
    yield Line("lesser of rate and pool", at.market, _answer(market_feed_of(site)))
    window = f"mean of {WINDOW_SECONDS} s, at least {shown_ether(LEAST_LIQUIDITY)} of liquidity"
    yield Line("price of the pool", at.pool_price, window)


def _answer(feed: Contract) -> str:
    try:
        found = feed.function("latestRoundData")()
    except Reverted as refused:
        return f"none: {refused.cause}"
    fresh = "fresh" if found.updatedAt else "not fresh"
    return f"{shown_ether(found.answer, 6)} ETH, {fresh}, round {found.roundId}"


FEEDS = System("feeds", "Keel's feeds", Feeds, _deploy, _status, needs=(UNISWAP,))
