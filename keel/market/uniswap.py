"""Uniswap v3 with a pool of wkETH and WETH that begins at the protocol's rate.

All comes from the packages' artifacts. The factory belongs to nobody, so it knows the fees that it
was made with: the pool takes 0.05 %.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import isqrt

from keel.chain.clock import now
from keel.chain.contract import Contract
from keel.deploy.artifacts import Artifact
from keel.formatting.amounts import shown_ether
from keel.market.artifacts import ArtifactFolder
from keel.market.system import Addresses, Line, Site, System
from keel.market.weth import WETH, weth_of
from keel.model.constants import ETHER
from keel.sight.market import pools
from keel.sight.market.places import TITLES

FEE_PIPS = 500
"""Of what is paid in, in millionths."""

TICK_SPACING = 10
"""Ticks between two bounds of a position, of a pool with this fee."""

OBSERVATIONS = 300
"""Blocks with a swap that the pool remembers, for its mean price: an hour of slots of 12 s."""

FIRST_SIDE_WEI = 100 * ETHER
"""Of wkETH and of WETH in the first position."""

_HALF_RANGE_TICKS = 600
"""The first position holds from 6 % below the price to 6 % above."""

_CORE = ArtifactFolder("@uniswap/v3-core", "artifacts/contracts")
_PERIPHERY = ArtifactFolder("@uniswap/v3-periphery", "artifacts/contracts")
_LABEL = b"ETH".ljust(32, b"\0")
_NOBODY = "0x" + "0" * 40
_Q96 = 2**96
_DEADLINE_SECONDS = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Uniswap(Addresses):
    """`pool` is that of wkETH and WETH."""

    factory: str
    descriptor_library: str
    descriptor: str
    positions: str
    router: str
    quoter: str
    pool: str


def _artifact(name: str) -> Artifact:
    return _PERIPHERY.read(name).linked()


def pool_of(site: Site) -> Contract:
    """Bind the pool; raises MarketError where it is not deployed."""
    return _pool_at(site, UNISWAP.found(site).pool)


def router_of(site: Site) -> Contract:
    """Bind the router of swaps; raises MarketError."""
    return site.bind(_artifact("SwapRouter.sol"), UNISWAP.found(site).router)


def positions_of(site: Site) -> Contract:
    """Bind the manager of positions; raises MarketError."""
    return site.bind(_artifact("NonfungiblePositionManager.sol"), UNISWAP.found(site).positions)


def quote(site: Site, paid: Contract, bought: Contract, amount: int) -> int:
    """What a sale of an exact amount would bring now, after the fee; raises Reverted."""
    quoter = site.bind(_artifact("lens/QuoterV2.sol"), UNISWAP.found(site).quoter)
    return int(quoter.function("quoteExactInputSingle")((paid, bought, amount, FEE_PIPS, 0))[0])


def swap(site: Site, sender: str, paid: Contract, bought: Contract, amount_wei: int) -> int:
    """Sell an exact amount of a token that `sender` has; returns what was bought, in wei.

    Raises Reverted.
    """
    router, before_wei = router_of(site), bought.function("balanceOf")(sender)
    paid.function("approve").send(router.address, amount_wei, sender=sender)
    deadline = now(site.rpc) + _DEADLINE_SECONDS
    order = (paid, bought, FEE_PIPS, sender, deadline, amount_wei, 0, 0)
    router.function("exactInputSingle").send(order, sender=sender)
    return int(bought.function("balanceOf")(sender) - before_wei)


def price_wei(site: Site) -> int:
    """What a whole wkETH costs in the pool now, in wei of WETH, rounded down."""
    root = pool_of(site).function("slot0")().sqrtPriceX96
    return pools.price_of_root(root, is_wketh_first=is_wketh_first(site))


def mean_tick(site: Site, seconds: int) -> int:
    """Mean tick of the last seconds, of the pool's own token order, rounded down.

    Raises Reverted where the pool does not remember that long.
    """
    ticks, _ = pool_of(site).function("observe")([seconds, 0])
    return int((ticks[1] - ticks[0]) // seconds)


def is_wketh_first(site: Site) -> bool:
    """Whether wkETH is the pool's token0: it is the lower address."""
    return pools.is_wketh_first(site.contracts.wrapped.address, WETH.found(site).weth)


def _deploy(site: Site) -> Uniswap:
    deployer, weth = site.deployer, weth_of(site)
    factory = deployer.create(_CORE.read("UniswapV3Factory.sol").linked())
    library = deployer.create(_artifact("libraries/NFTDescriptor.sol"))
    describing = _PERIPHERY.read("NonfungibleTokenPositionDescriptor.sol")
    descriptor = deployer.create(
        describing.linked({"NFTDescriptor": library.address}), weth, _LABEL
    )
    managing = _artifact("NonfungiblePositionManager.sol")
    positions = deployer.create(managing, factory, weth, descriptor)
    router = deployer.create(_artifact("SwapRouter.sol"), factory, weth)
    quoter = deployer.create(_artifact("lens/QuoterV2.sol"), factory, weth)
    deployer.settle()
    pool = _open_pool(site, factory, positions)
    _add_first_position(site, pool, positions)
    return Uniswap(
        factory=factory.address,
        descriptor_library=library.address,
        descriptor=descriptor.address,
        positions=positions.address,
        router=router.address,
        quoter=quoter.address,
        pool=pool.address,
    )


def _open_pool(site: Site, factory: Contract, positions: Contract) -> Contract:
    """Create the pool at the protocol's rate, and let it remember its prices."""
    tokens = _tokens(site)
    if factory.function("getPool")(*tokens, FEE_PIPS) == _NOBODY:
        create = "createAndInitializePoolIfNecessary"
        site.deployer.call(positions, create, *tokens, FEE_PIPS, _first_root(site))
        site.deployer.settle()
    pool = _pool_at(site, factory.function("getPool")(*tokens, FEE_PIPS))
    if pool.function("slot0")().observationCardinalityNext < OBSERVATIONS:
        site.deployer.call(pool, "increaseObservationCardinalityNext", OBSERVATIONS)
    return pool


def _add_first_position(site: Site, pool: Contract, positions: Contract) -> None:
    """Stake, wrap, and bring both in around the price, unless the pool has a position."""
    if pool.function("liquidity")():
        site.deployer.settle()
        return
    deployer, owner = site.deployer, site.deployer.account
    weth, contracts = weth_of(site), site.contracts
    stake_wei = contracts.wrapped.convertToAssets(FIRST_SIDE_WEI) + 1
    deployer.call(contracts.vault, "depositWrapped", owner, _NOBODY, value_wei=stake_wei)
    deployer.call(weth, "deposit", value_wei=FIRST_SIDE_WEI)
    for token in (contracts.wrapped, weth):
        deployer.call(token, "approve", positions, FIRST_SIDE_WEI)
    middle = pool.function("slot0")().tick // TICK_SPACING * TICK_SPACING
    lower, upper = middle - _HALF_RANGE_TICKS, middle + _HALF_RANGE_TICKS
    sides, least = (FIRST_SIDE_WEI, FIRST_SIDE_WEI), (0, 0)
    deadline = now(site.rpc) + _DEADLINE_SECONDS
    order = (*_tokens(site), FEE_PIPS, lower, upper, *sides, *least, owner, deadline)
    deployer.call(positions, "mint", order)
    deployer.settle()


def _pool_at(site: Site, address: str) -> Contract:
    return site.bind(_CORE.read("UniswapV3Pool.sol").linked(), address)


def _tokens(site: Site) -> tuple[str, str]:
    """Both tokens in the pool's order."""
    pair = (site.contracts.wrapped.address, WETH.found(site).weth)
    return pair if is_wketh_first(site) else (pair[1], pair[0])


def _first_root(site: Site) -> int:
    """Root of token1's price in token0 by the protocol's rate, with 96 binary digits."""
    rate_wei = site.contracts.wrapped.convertToAssets(ETHER)
    ratio = (rate_wei, ETHER) if is_wketh_first(site) else (ETHER, rate_wei)
    return isqrt(ratio[0] * _Q96**2 // ratio[1])


def _status(site: Site, at: Uniswap) -> Iterator[Line]:
    pool, wrapped = _pool_at(site, at.pool), site.contracts.wrapped
    price, rate = price_wei(site), wrapped.convertToAssets(ETHER)
    units = wrapped.balanceOf(pool.address)
    weth_wei = weth_of(site).function("balanceOf")(pool.address)
    held = f"{shown_ether(units)} wkETH and {shown_ether(weth_wei)} WETH"
    apart = (price - rate) * 10_000 / rate
    yield Line(
        "pool wkETH/WETH",
        at.pool,
        f"price {price / ETHER:.6f}, rate {rate / ETHER:.6f} ({apart:+.1f} bps); {held}",
    )
    count = positions_of(site).function("totalSupply")()
    yield Line("position manager", at.positions, f"{count} position{'' if count == 1 else 's'}")
    yield Line("router", at.router, "sells and buys")
    yield Line("quoter", at.quoter, "says what a swap would pay")
    yield Line("factory", at.factory, "anybody may open a pool")


UNISWAP = System("uniswap", TITLES["uniswap"], Uniswap, _deploy, _status, needs=(WETH,))
