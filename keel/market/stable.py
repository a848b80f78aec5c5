"""Keel's own StablePool of wkETH and WETH, with a first position of both at the protocol's rate."""

from collections.abc import Iterator
from dataclasses import dataclass

from keel.chain.clock import now
from keel.formatting.amounts import shown_ether
from keel.market.contracts import StablePool
from keel.market.system import Addresses, Line, Site, System
from keel.market.weth import WETH, weth_of
from keel.model.constants import ETHER, ZERO_ADDRESS

AMPLIFICATION = 50
"""A of POL-1: how flat the curve is around the rate."""

FEE_PER_MILLION = 400
"""Of what a trade pays."""

FIRST_SIDE_WEI = 100 * ETHER
"""Worth of the wkETH and of the WETH that are there from the beginning."""

_SALT = b"stable".ljust(32, b"\0")
_DEADLINE_SECONDS = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Stable(Addresses):
    """Where the pool is."""

    pool: str


def stable_pool_of(site: Site) -> StablePool:
    """Bind the pool; raises MarketError where it is not deployed."""
    return StablePool(site.rpc, STABLE.found(site).pool, site.own("StablePool").abi)


def _deploy(site: Site) -> Stable:
    deployer, contracts, weth = site.deployer, site.contracts, weth_of(site)
    tokens = contracts.wrapped, weth
    artifact = site.own("StablePool")
    pool = deployer.create(artifact, *tokens, AMPLIFICATION, FEE_PER_MILLION, salt=_SALT)
    deployer.settle()
    if not pool.function("totalSupply")():
        owner = deployer.account
        units = contracts.wrapped.convertToShares(FIRST_SIDE_WEI)
        stake_wei = contracts.wrapped.convertToAssets(units) + 1
        deployer.call(contracts.vault, "depositWrapped", owner, ZERO_ADDRESS, value_wei=stake_wei)
        deployer.call(weth, "deposit", value_wei=FIRST_SIDE_WEI)
        deployer.call(contracts.wrapped, "approve", pool, units)
        deployer.call(weth, "approve", pool, FIRST_SIDE_WEI)
        deadline = now(site.rpc) + _DEADLINE_SECONDS
        deployer.call(pool, "addLiquidity", units, FIRST_SIDE_WEI, 0, owner, deadline)
        deployer.settle()
    return Stable(pool.address)


def _status(site: Site, at: Stable) -> Iterator[Line]:
    pool = stable_pool_of(site)
    units, weth_wei = pool.reserves()
    rate_wei = site.contracts.wrapped.convertToAssets(ETHER)
    price_wei = pool.spotPrice() * rate_wei // ETHER
    held = f"{shown_ether(units)} wkETH and {shown_ether(weth_wei)} WETH"
    yield Line(
        "pool wkETH/WETH",
        at.pool,
        f"price {price_wei / ETHER:.6f}, rate {rate_wei / ETHER:.6f}; {held}",
    )


STABLE = System("stable", "Keel's StablePool", Stable, _deploy, _status, needs=(WETH,))
