"""The pool's three prices: of a share, of the next trade, and over time."""

import pytest

from keel.chain.clock import jump
from keel.model.constants import ETHER
from keel.model.market.stable_pool import MOST_PRICE, RATE_UNIT
from tests.unit.contracts.hands import undone
from tests.unit.market.pools import PoolStage

LOCKED_LEFT = 10**10
"""Shares to sell down to: the locked ones and so many more."""


@pytest.fixture
def full(stage: PoolStage) -> PoolStage:
    """1,000 ether's worth of each coin, a wkETH worth 1.25 ether."""
    stage.set_rate(5 * RATE_UNIT // 4)
    stage.add(800 * ETHER, 1_000 * ETHER)
    return stage


def test_at_par_the_price_is_one_whatever_the_rate(full: PoolStage) -> None:
    """POL-10: rewards do not move it by more than they move the balance of the coins."""
    assert full.pool.spotPrice() == ETHER
    full.set_rate(RATE_UNIT * 126 // 100)
    assert 0 < ETHER - full.pool.spotPrice() < ETHER // 10**4


@pytest.mark.parametrize("is_wrapped_in", [True, False])
def test_the_price_is_what_the_next_trade_fetches_before_the_fee(
    full: PoolStage, is_wrapped_in: bool
) -> None:
    """POL-10: also far from balance, and in the direction of what is sold."""
    full.exchange(is_wrapped_in, 700 * ETHER)
    price = full.pool.spotPrice()
    assert (price < ETHER) == is_wrapped_in
    out_wei = full.pool.previewExchange(full.wrapped.address, ETHER // 1000)
    gross_wei = out_wei * 10**6 // (10**6 - 400)
    worth_wei = 5 * ETHER // 4000
    assert abs(gross_wei * ETHER // worth_wei - price) < price // 10**5


def test_a_price_counts_for_as_long_as_it_stood(full: PoolStage) -> None:
    """POL-10: in its own block a trade moves the sum by nothing, then by its price a second."""
    full.at_next(1_000)
    before, time = full.pool.cumulativePrice()
    with undone(full.rpc):
        full.exchange(True, 700 * ETHER)
        low = full.pool.spotPrice()
        at_once, now = full.pool.cumulativePrice()
        assert at_once - before == ETHER * (now - time)
        jump(full.rpc, 12)
        later, then = full.pool.cumulativePrice()
        assert later - at_once == low * (then - now)
        assert low < ETHER * 95 // 100
    assert full.pool.spotPrice() == ETHER


def test_a_gift_or_a_fall_of_the_rate_rewrites_no_past(full: PoolStage) -> None:
    """POL-10: the sum never falls, and what was read stays true."""
    jump(full.rpc, 500)
    before, time = full.pool.cumulativePrice()
    full.set_rate(RATE_UNIT // 2)
    full.weth.function("transfer").send(full.pool.address, ETHER, sender=full.trader)
    after, now = full.pool.cumulativePrice()
    assert after - before == ETHER * (now - time)


def test_removing_both_coins_leaves_the_price(full: PoolStage) -> None:
    """POL-10: the ratio stays, so the last trade's price is still the price."""
    full.exchange(True, 300 * ETHER)
    price = full.pool.spotPrice()
    full.remove(full.pool.balanceOf(full.holder) // 2)
    assert abs(full.pool.spotPrice() - price) <= 1_000


def test_a_price_has_a_ceiling_in_the_sum_only(full: PoolStage) -> None:
    """POL-10: a pool that was drained of wkETH still trades, and its sum does not run over."""
    full.remove(full.pool.balanceOf(full.holder) - LOCKED_LEFT)
    full.exchange(False, 10**7 * ETHER)
    assert full.pool.spotPrice() > MOST_PRICE
    before, time = full.pool.cumulativePrice()
    jump(full.rpc, 100)
    after, now = full.pool.cumulativePrice()
    assert after - before == MOST_PRICE * (now - time)
    full.exchange(True, ETHER)
