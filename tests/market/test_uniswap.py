"""Uniswap v3 as it is published, with real wkETH in its pool."""

from keel.chain.clock import jump, jump_to, now
from keel.market.system import Site
from keel.market.uniswap import (
    FEE_PIPS,
    FIRST_SIDE_WEI,
    OBSERVATIONS,
    is_wketh_first,
    mean_tick,
    pool_of,
    positions_of,
    price_wei,
    swap,
)
from keel.market.weth import weth_of
from keel.model.constants import ETHER
from tests.market.stage import give_weth, give_wketh


def test_the_pool_begins_at_the_rate_with_a_position_and_a_memory(site: Site) -> None:
    rate_wei = site.contracts.wrapped.convertToAssets(ETHER)
    assert abs(price_wei(site) - rate_wei) <= 1
    held = [
        token.function("balanceOf")(pool_of(site).address)
        for token in (site.contracts.wrapped, weth_of(site))
    ]
    # A position between ticks takes a little less of one side.
    assert max(held) == FIRST_SIDE_WEI
    assert min(held) > FIRST_SIDE_WEI * 98 // 100
    assert pool_of(site).function("slot0")().observationCardinalityNext == OBSERVATIONS
    assert positions_of(site).function("tokenURI")(1).startswith("data:application/json;base64,")


def test_selling_wketh_lowers_its_price_and_buying_it_back_raises_it(site: Site) -> None:
    wrapped, weth, holder = site.contracts.wrapped, weth_of(site), site.actors["holder"]
    sold = min(give_wketh(site, "holder", 11 * ETHER), 10 * ETHER)
    start = price_wei(site)
    got_wei = swap(site, holder, wrapped, weth, sold)
    low = price_wei(site)
    fee_wei = sold * start * FEE_PIPS // ETHER // 10**6
    assert sold * low // ETHER - fee_wei < got_wei < sold * start // ETHER - fee_wei
    assert swap(site, holder, weth, wrapped, got_wei) < sold
    assert low < price_wei(site) < start


def test_the_mean_price_follows_a_swap_only_as_time_passes(site: Site) -> None:
    give_weth(site, "holder", 30 * ETHER)
    before = pool_of(site).function("slot0")().tick
    jump(site.rpc, 600)
    swapped_at = now(site.rpc)
    swap(site, site.actors["holder"], weth_of(site), site.contracts.wrapped, 30 * ETHER)
    after = pool_of(site).function("slot0")().tick
    assert (after > before) == is_wketh_first(site)
    assert abs(mean_tick(site, 600) - before) < abs(after - before) // 20
    jump_to(site.rpc, swapped_at + 330)
    half = abs(mean_tick(site, 600) - before) / abs(after - before)
    assert 0.4 < half < 0.6
    jump(site.rpc, 700)
    assert mean_tick(site, 600) == after
