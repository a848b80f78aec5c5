"""Aave v3 as it is published: real wkETH borrowed against, and sold after a real loss."""

import pytest

from keel.market.aave import (
    E_MODE,
    E_MODE_BONUS_BPS,
    E_MODE_LTV_BPS,
    LTV_BPS,
    VARIABLE_RATE,
    aave_pool_of,
    health_wad,
)
from keel.market.system import Site
from keel.market.weth import weth_of
from keel.model.constants import BPS, ETHER
from tests.causes import says
from tests.market.stage import (
    announce_loss,
    apply_announced_loss,
    balance,
    give_weth,
    give_wketh,
    worth_wei,
)
from tests.scenarios.scripted_world import ScriptedWorld

LOOSE_WEI = 10**15
COLLATERAL_CANNOT_COVER = "36"
HEALTHY = "45"


def bring_collateral(site: Site, actor: str, stake_wei: int, *, e_mode: bool) -> int:
    """Bring wkETH; returns units."""
    pool, who = aave_pool_of(site), site.actors[actor]
    units = give_wketh(site, actor, stake_wei)
    site.contracts.wrapped.approve.send(pool.address, units, sender=who)
    pool.function("supply").send(site.contracts.wrapped, units, who, 0, sender=who)
    if e_mode:
        pool.function("setUserEMode").send(E_MODE, sender=who)
    return units


def borrow(site: Site, actor: str, amount_wei: int) -> None:
    who = site.actors[actor]
    weth = weth_of(site)
    aave_pool_of(site).function("borrow").send(weth, amount_wei, VARIABLE_RATE, 0, who, sender=who)


@pytest.mark.parametrize(("e_mode", "ltv_bps"), [(False, LTV_BPS), (True, E_MODE_LTV_BPS)])
def test_weth_is_lent_on_wketh_by_its_rate_and_more_in_e_mode(
    site: Site, e_mode: bool, ltv_bps: int
) -> None:
    units = bring_collateral(site, "holder", 20 * ETHER, e_mode=e_mode)
    limit_wei = worth_wei(site, units) * ltv_bps // BPS
    with says(COLLATERAL_CANNOT_COVER):
        borrow(site, "holder", limit_wei + LOOSE_WEI)
    borrow(site, "holder", limit_wei - LOOSE_WEI)
    assert balance(weth_of(site), site, "holder") == limit_wei - LOOSE_WEI


def test_a_loss_of_the_rate_lets_anybody_liquidate_and_only_then(
    site: Site, world: ScriptedWorld
) -> None:
    pool, weth, wrapped = aave_pool_of(site), weth_of(site), site.contracts.wrapped
    borrower, liquidator = site.actors["holder"], site.actors["stranger"]
    units = bring_collateral(site, "holder", 20 * ETHER, e_mode=True)
    borrow(site, "holder", worth_wei(site, units) * E_MODE_LTV_BPS // BPS - LOOSE_WEI)
    give_weth(site, "stranger", 10 * ETHER)
    weth.function("approve").send(pool.address, 10 * ETHER, sender=liquidator)
    order = (wrapped, weth, borrower, 2 * ETHER, False)
    with says(HEALTHY):
        pool.function("liquidationCall").send(*order, sender=liquidator)

    announce_loss(world, 20 * ETHER)
    assert ETHER * 95 // 100 < health_wad(site, borrower) < ETHER  # before anything is applied
    apply_announced_loss(world)
    assert ETHER * 95 // 100 < health_wad(site, borrower) < ETHER
    pool.function("liquidationCall").send(*order, sender=liquidator)
    assert 10 * ETHER - balance(weth, site, "stranger") == 2 * ETHER
    got_wei = worth_wei(site, balance(wrapped, site, "stranger"))
    assert abs(got_wei - 2 * ETHER * E_MODE_BONUS_BPS // BPS) <= 2
