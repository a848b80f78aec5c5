"""Morpho Blue, compiled from its package, with a market that lends WETH on wkETH.

Its price is Keel's rate feed. Its interest is fixed: Morpho's own adaptive curve is in no package.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from keel.chain.contract import Contract
from keel.formatting.amounts import shown_ether
from keel.market.compiled import Source, read_compiled
from keel.market.feeds import FEEDS
from keel.market.system import Addresses, Line, Site, System
from keel.market.weth import WETH, weth_of
from keel.model.constants import ETHER
from keel.sight.market.loans import MarketParams, market_id
from keel.sight.market.places import TITLES

LLTV_WAD = ETHER * 945 // 1_000
"""Of the collateral's worth, up to which somebody may owe."""

INTEREST_PER_SECOND_WAD = ETHER * 3 // 100 // (365 * 86_400)
"""3 % a year."""

FIRST_SUPPLY_WEI = 100 * ETHER
"""WETH that is there to be borrowed from the beginning."""

MORPHO_SOURCE = Source("@morpho-org/morpho-blue", "src/Morpho.sol", "0.8.19", "paris")

_NOBODY = "0x" + "0" * 40


@dataclass(frozen=True, slots=True)
class Morpho(Addresses):
    """`oracle` and `rate` are the market's price and interest."""

    morpho: str
    oracle: str
    rate: str


def morpho_of(site: Site) -> Contract:
    """Bind Morpho; raises MarketError where it is not deployed."""
    return site.bind(read_compiled(MORPHO_SOURCE).linked(), MORPHO.found(site).morpho)


def market_of(site: Site) -> MarketParams:
    """The market of WETH on wkETH; raises MarketError where it is not deployed."""
    return _params(site, MORPHO.found(site))


def _params(site: Site, at: Morpho) -> MarketParams:
    wrapped = site.contracts.wrapped.address
    return (WETH.found(site).weth, wrapped, at.oracle, at.rate, LLTV_WAD)


def _deploy(site: Site) -> Morpho:
    deployer, owner = site.deployer, site.deployer.account
    morpho = deployer.create(read_compiled(MORPHO_SOURCE).linked(), owner)
    oracle = deployer.create(site.own("MorphoOracle"), FEEDS.found(site).rate)
    rate = deployer.create(site.own("FixedRate"), INTEREST_PER_SECOND_WAD)
    deployer.settle()
    at = Morpho(morpho.address, oracle.address, rate.address)
    _open_market(site, morpho, at)
    return at


def _open_market(site: Site, morpho: Contract, at: Morpho) -> None:
    deployer, weth, params = site.deployer, weth_of(site), _params(site, at)
    if not morpho.function("isIrmEnabled")(at.rate):
        deployer.call(morpho, "enableIrm", at.rate)
    if not morpho.function("isLltvEnabled")(LLTV_WAD):
        deployer.call(morpho, "enableLltv", LLTV_WAD)
    market = morpho.function("market")(market_id(params))
    if not market.lastUpdate:
        deployer.call(morpho, "createMarket", params)
    if not market.totalSupplyAssets:
        deployer.call(weth, "deposit", value_wei=FIRST_SUPPLY_WEI)
        deployer.call(weth, "approve", morpho, FIRST_SUPPLY_WEI)
        deployer.call(morpho, "supply", params, FIRST_SUPPLY_WEI, 0, deployer.account, b"")
    deployer.settle()


def _status(site: Site, at: Morpho) -> Iterator[Line]:
    market = morpho_of(site).function("market")(market_id(_params(site, at)))
    lent, supplied = market.totalBorrowAssets, market.totalSupplyAssets
    held = site.contracts.wrapped.balanceOf(at.morpho)
    yield Line(
        "market WETH on wkETH",
        at.morpho,
        f"{shown_ether(lent)} of {shown_ether(supplied)} WETH lent "
        f"({lent / max(supplied, 1):.1%}), {shown_ether(held)} wkETH held, up to "
        f"{LLTV_WAD * 100 / ETHER:.1f} %",
    )
    price = site.bind(site.own("MorphoOracle"), at.oracle).function("price")()
    yield Line("price", at.oracle, f"{shown_ether(price // 10**18, 6)} ETH, by Keel's rate feed")
    yearly = INTEREST_PER_SECOND_WAD * 365 * 86_400 / ETHER
    yield Line("interest", at.rate, f"{yearly:.1%} a year, fixed")


MORPHO = System(
    "morpho",
    TITLES["morpho"],
    Morpho,
    _deploy,
    _status,
    needs=(WETH, FEEDS),
    sources=(MORPHO_SOURCE,),
)
