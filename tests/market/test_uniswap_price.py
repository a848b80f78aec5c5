"""UniswapPrice and MarketFeed over the real pool: its ticks, its memory, its liquidity (FED-7)."""

from fractions import Fraction

import pytest

from keel.chain.clock import jump, now
from keel.chain.contract import Contract
from keel.market.system import Site
from keel.market.uniswap import UNISWAP, is_wketh_first, pool_of, positions_of, swap
from keel.market.weth import WETH, weth_of
from keel.model.constants import ETHER
from keel.model.market.tick_price import mean_tick, price
from tests.causes import fails
from tests.deployment import Keel
from tests.market.conftest import bare_site
from tests.market.stage import give_wketh
from tests.unit.market.stage import latest, place

WINDOW = 600
LEAST = 10 * ETHER
SLOT = 12


@pytest.fixture
def site(keel: Keel) -> Site:
    """Uniswap alone, a pool that remembers more than the window, and a holder with wkETH."""
    site = bare_site(keel)
    for system in (WETH, UNISWAP):
        site.records[system.name] = system.deploy(site).as_record()
    give_wketh(site, "holder", 60 * ETHER)
    jump(site.rpc, 3 * WINDOW)
    return site


def source(keel: Keel, site: Site, token: Contract, window: int, least: int) -> Contract:
    return place(keel, "UniswapPrice", pool_of(site).address, token.address, window, least)


def require_the_models(site: Site, found: int, *, is_token0: bool) -> None:
    ticks, _ = pool_of(site).function("observe")([WINDOW, 0])
    exact = price(mean_tick(ticks[1] - ticks[0], WINDOW, is_token0=is_token0))
    assert abs(found - exact) < 1 + exact * Fraction(2, ETHER)


def test_is_the_mean_over_the_window_of_either_token(keel: Keel, site: Site) -> None:
    """FED-7: after each of some sales, while they enter the mean; both are rounded down."""
    wrapped, weth = site.contracts.wrapped, weth_of(site)
    of_wketh = source(keel, site, wrapped, WINDOW, LEAST).function("price")
    of_weth = source(keel, site, weth, WINDOW, LEAST).function("price")
    first = of_wketh()
    for seconds in (1, 200, 399, 700):
        swap(site, site.actors["holder"], wrapped, weth, 5 * ETHER)
        jump(site.rpc, seconds)
        require_the_models(site, of_wketh(), is_token0=is_wketh_first(site))
        require_the_models(site, of_weth(), is_token0=not is_wketh_first(site))
        product = Fraction(of_wketh() * of_weth(), ETHER**2)
        assert Fraction(9_998, 10_000) < product <= 1
    assert of_wketh() < first * 99 // 100


def test_a_sale_of_this_second_moves_nothing(keel: Keel, site: Site) -> None:
    """FED-6 and FED-7: it moves the lesser of two only as it lasts, and then below the rate."""
    wrapped = site.contracts.wrapped
    mean = source(keel, site, wrapped, WINDOW, LEAST)
    rate = place(keel, "RateFeed", site.contracts.vault.address)
    feed = place(keel, "MarketFeed", rate.address, mean.address)
    before = latest(feed).answer
    swap(site, site.actors["holder"], wrapped, weth_of(site), 40 * ETHER)
    assert 0 <= before - latest(feed).answer < before // 1_000
    jump(site.rpc, WINDOW)
    after = latest(feed)
    assert after.answer == mean.function("price")() < before * 98 // 100
    assert after._replace(answer=0) == latest(rate)._replace(answer=0)
    assert latest(rate).answer >= before


def test_a_pool_that_remembers_too_little_has_no_price(keel: Keel, site: Site) -> None:
    """FED-7: to the second, and with both values."""
    pool = pool_of(site)
    _, _, newest, count, *_ = pool.function("slot0")()
    oldest = pool.function("observations")((newest + 1) % count)
    if not oldest[3]:
        oldest = pool.function("observations")(0)
    remembered = now(site.rpc) - oldest[0]
    assert remembered >= 3 * WINDOW
    wrapped = site.contracts.wrapped
    too_long = source(keel, site, wrapped, remembered + 100, LEAST).function("price")
    age = now(site.rpc) - oldest[0]
    with fails("WindowTooLong", windowSeconds=remembered + 100, rememberedSeconds=age):
        too_long()
    jump(site.rpc, remembered + 99 - age)
    with fails("WindowTooLong", windowSeconds=remembered + 100, rememberedSeconds=remembered + 99):
        too_long()
    jump(site.rpc, 1)
    assert too_long() > 0


def test_a_pool_in_which_nobody_holds_much_has_no_price(keel: Keel, site: Site) -> None:
    """FED-7: by its harmonic mean liquidity, which is the pool's own while that stays."""
    held = pool_of(site).function("liquidity")()
    wrapped = site.contracts.wrapped
    for least, refused in ((held * 99 // 100, False), (held * 101 // 100, True)):
        asked = source(keel, site, wrapped, WINDOW, least).function("price")
        if not refused:
            assert asked() > 0
            continue
        _, inverses = pool_of(site).function("observe")([WINDOW, 0])
        liquidity = (WINDOW << 128) // (inverses[1] - inverses[0])
        assert abs(liquidity - held) < held // 10**6
        with fails("MarketTooThin", liquidity=liquidity, least=least):
            asked()


def test_a_slot_without_liquidity_leaves_it_without_a_price_for_a_window(
    keel: Keel, site: Site
) -> None:
    """FED-7, left open: the only holder leaves for one slot and comes back, and trades nothing."""
    asked = source(keel, site, site.contracts.wrapped, WINDOW, LEAST).function("price")
    before = asked()
    owner, positions = site.deployer.account, positions_of(site)
    held, deadline, most = pool_of(site).function("liquidity")(), 2**255, 2**127
    positions.function("decreaseLiquidity").send((1, held, 0, 0, deadline), sender=owner)
    positions.function("collect").send((1, owner, most, most), sender=owner)
    jump(site.rpc, SLOT)
    for token in (site.contracts.wrapped, weth_of(site)):
        token.function("approve").send(positions.address, most, sender=owner)
    sides = [token.function("balanceOf")(owner) for token in _in_order(site)]
    positions.function("increaseLiquidity").send((1, *sides, 0, 0, deadline), sender=owner)
    assert abs(pool_of(site).function("liquidity")() - held) < held // 10**6
    jump(site.rpc, WINDOW // 2)
    _, inverses = pool_of(site).function("observe")([WINDOW, 0])
    liquidity = (WINDOW << 128) // (inverses[1] - inverses[0])
    assert WINDOW // (2 * SLOT) < liquidity <= WINDOW // SLOT
    with fails("MarketTooThin", liquidity=liquidity, least=LEAST):
        asked()
    jump(site.rpc, WINDOW // 2 + SLOT)
    assert asked() == before


def _in_order(site: Site) -> tuple[Contract, Contract]:
    pair = (site.contracts.wrapped, weth_of(site))
    return pair if is_wketh_first(site) else (pair[1], pair[0])


def test_is_of_a_token_of_the_pool(keel: Keel, site: Site) -> None:
    """FED-7: and over some time, with some liquidity."""
    pool, wrapped = pool_of(site), site.contracts.wrapped
    tokens = {f"token{number}": pool.function(f"token{number}")() for number in (0, 1)}
    with fails("NotInPool", token=pool.address, **tokens):
        source(keel, site, pool, WINDOW, LEAST)
    with fails("ParameterOutOfBounds", what="windowSeconds", value=0, bound=2**32 - 1):
        source(keel, site, wrapped, 0, LEAST)
    with fails("ParameterOutOfBounds", what="leastLiquidity", value=0, bound=2**128 - 1):
        source(keel, site, wrapped, WINDOW, 0)
