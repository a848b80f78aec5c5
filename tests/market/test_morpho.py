"""Morpho Blue as it is published: real wkETH borrowed against, and sold after a real loss."""

from keel.chain.clock import jump
from keel.market.morpho import (
    FIRST_SUPPLY_WEI,
    INTEREST_PER_SECOND_WAD,
    LLTV_WAD,
    market_of,
    morpho_of,
)
from keel.market.system import Site
from keel.market.weth import weth_of
from keel.model.constants import ETHER
from keel.sight.market.loans import market_id
from tests.causes import says
from tests.market.stage import balance, give_weth, give_wketh, worth_wei
from tests.scenarios.scripted_world import ScriptedWorld, lose

LOOSE_WEI = 10**15
YEAR = 365 * 86_400


def borrow_to_the_limit(site: Site, actor: str, stake_wei: int) -> tuple[int, int]:
    """Bring wkETH and borrow almost all that it allows; returns units brought and debt."""
    morpho, params, who = morpho_of(site), market_of(site), site.actors[actor]
    units = give_wketh(site, actor, stake_wei)
    site.contracts.wrapped.approve.send(morpho.address, units, sender=who)
    morpho.function("supplyCollateral").send(params, units, who, b"", sender=who)
    debt_wei = worth_wei(site, units) * LLTV_WAD // ETHER - LOOSE_WEI
    morpho.function("borrow").send(params, debt_wei, 0, who, who, sender=who)
    return units, debt_wei


def test_weth_is_lent_on_wketh_up_to_the_limit_and_not_beyond(site: Site) -> None:
    who, morpho, params = site.actors["holder"], morpho_of(site), market_of(site)
    _, debt_wei = borrow_to_the_limit(site, "holder", 20 * ETHER)
    assert balance(weth_of(site), site, "holder") == debt_wei > 18 * ETHER
    with says("insufficient collateral"):
        morpho.function("borrow").send(params, 2 * LOOSE_WEI, 0, who, who, sender=who)


def test_whoever_supplies_earns_the_fixed_interest_and_no_more(site: Site) -> None:
    morpho, params = morpho_of(site), market_of(site)
    _, debt_wei = borrow_to_the_limit(site, "holder", 20 * ETHER)
    jump(site.rpc, YEAR)
    morpho.function("accrueInterest").send(params, sender=site.actors["stranger"])
    market = morpho.function("market")(market_id(params))
    earned_wei = market.totalSupplyAssets - FIRST_SUPPLY_WEI
    assert earned_wei == market.totalBorrowAssets - debt_wei
    simple_wei = debt_wei * INTEREST_PER_SECOND_WAD * YEAR // ETHER
    assert simple_wei < earned_wei < simple_wei * 102 // 100  # compounded: e^0.03 - 1


def test_a_loss_of_the_rate_lets_anybody_liquidate_and_only_then(
    site: Site, world: ScriptedWorld
) -> None:
    morpho, params = morpho_of(site), market_of(site)
    units, _ = borrow_to_the_limit(site, "holder", 20 * ETHER)
    give_weth(site, "stranger", 30 * ETHER)
    liquidator, borrower = site.actors["stranger"], site.actors["holder"]
    weth_of(site).function("approve").send(morpho.address, 30 * ETHER, sender=liquidator)
    seized = units // 10
    order = (params, borrower, seized, 0, b"")
    with says("position is healthy"):
        morpho.function("liquidate").send(*order, sender=liquidator)

    before = worth_wei(site, units)
    lose(world, 8 * ETHER // 5)
    assert worth_wei(site, units) < before * 998 // 1000
    morpho.function("liquidate").send(*order, sender=liquidator)
    assert balance(site.contracts.wrapped, site, "stranger") == seized
    paid_wei = 30 * ETHER - balance(weth_of(site), site, "stranger")
    assert worth_wei(site, seized) * 98 // 100 < paid_wei < worth_wei(site, seized)
    position = morpho.function("position")(market_id(params), borrower)
    assert position.collateral == units - seized
