"""Each alarm of the market on the real systems: silent before, raised, silent again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from keel.chain.clock import jump
from keel.chain.state import block_head
from keel.formatting.amounts import exact_ether
from keel.market.aave import aave_pool_of, health_wad
from keel.market.feeds import WINDOW_SECONDS
from keel.market.morpho import FIRST_SUPPLY_WEI, market_of, morpho_of
from keel.market.stable import stable_pool_of
from keel.market.system import Site
from keel.market.uniswap import is_wketh_first, mean_tick, price_wei, swap
from keel.market.weth import weth_of
from keel.model.constants import BPS, ETHER
from keel.monitor.figures import Figures
from keel.monitor.reading import MarketReading
from keel.service.metrics import Metrics
from keel.sight.market.loans import market_id
from tests.deployment import Keel
from tests.market.stage import give_wketh
from tests.market.test_aave import borrow, bring_collateral
from tests.market.test_morpho import borrow_to_the_limit
from tests.scenarios.scripted_world import ScriptedWorld, lose
from tests.watching import Watch, watching

MARKET_ALARMS = {"peg_off", "feed_off", "utilisation_high", "health_low"}
DEADLINE = 2**256 - 1


@pytest.fixture
def watch(site: Site, keel: Keel, tmp_path: Path) -> Iterator[Watch]:
    """A monitor that has all systems in its manifest, once the pool remembers its window."""
    jump(keel.rpc, WINDOW_SECONDS)
    with watching(keel, tmp_path, site.records) as found:
        yield found


def market_of_reading(watch: Watch) -> MarketReading:
    found = watch.reading().market
    assert found is not None
    return found


def sell_to_stable_pool(site: Site, actor: str, units: int) -> None:
    pool, wrapped, who = stable_pool_of(site), site.contracts.wrapped, site.actors[actor]
    wrapped.approve.send(pool.address, units, sender=who)
    pool.exchange.send(wrapped.address, units, 0, who, DEADLINE, sender=who)


def sell_to_uniswap(site: Site, actor: str, units: int) -> int:
    return swap(site, site.actors[actor], site.contracts.wrapped, weth_of(site), units)


def test_a_new_market_raises_nothing_once_its_feed_remembers(
    site: Site, keel: Keel, tmp_path: Path
) -> None:
    with watching(keel, tmp_path, site.records) as watch:
        told = watch.standing()
        assert told.keys() & MARKET_ALARMS == {"feed_off"}
        assert "the feed `market` has no price" in told["feed_off"]
        assert "WindowTooLong(windowSeconds=600" in told["feed_off"]
        jump(keel.rpc, WINDOW_SECONDS)
        assert not watch.standing().keys() & MARKET_ALARMS


def test_peg_off__when_uniswaps_price_or_its_mean_is_off(site: Site, watch: Watch) -> None:
    assert "peg_off" not in watch.standing()
    give_wketh(site, "holder", 60 * ETHER)
    got_wei = sell_to_uniswap(site, "holder", 50 * ETHER)
    assert price_wei(site) < ETHER * 98 // 100
    told = watch.standing()["peg_off"]
    assert told.startswith(f"Uniswap v3 has a wkETH at {price_wei(site) / ETHER:.4f}")
    assert "from the rate (spot)" in told
    jump(site.rpc, WINDOW_SECONDS)
    swap(site, site.actors["holder"], weth_of(site), site.contracts.wrapped, got_wei)
    assert price_wei(site) > ETHER * 99 // 100
    assert "from the rate (mean)" in watch.standing()["peg_off"]
    jump(site.rpc, WINDOW_SECONDS)
    assert "peg_off" not in watch.standing()
    mean_wei = market_of_reading(watch).pools[0].mean_wei
    tick = mean_tick(site, WINDOW_SECONDS)
    assert mean_wei is not None
    assert 0 <= abs(mean_wei / ETHER - 1.0001 ** (tick if is_wketh_first(site) else -tick)) < 1e-4


def test_price_off__when_the_feed_of_the_market_follows_a_sale(site: Site, watch: Watch) -> None:
    prices = [f"feed:{site.records['feeds'][name]}" for name in ("rate", "market")]
    assert "price_off" not in watch.standing(prices=prices)
    give_wketh(site, "holder", 60 * ETHER)
    sell_to_uniswap(site, "holder", 50 * ETHER)
    jump(site.rpc, WINDOW_SECONDS // 2)  # later the rate would be stale
    told = watch.standing(prices=prices)["price_off"]
    assert told.startswith(f"{prices[1]} has a wkETH at 0.9")
    assert prices[0] not in told
    assert "price_off" not in watch.standing(prices=prices, most_discount_bps=1_000)


def test_feed_off__when_no_pool_pays_what_lenders_lend_by(site: Site, watch: Watch) -> None:
    give_wketh(site, "holder", 160 * ETHER)
    sell_to_uniswap(site, "holder", 60 * ETHER)
    jump(site.rpc, WINDOW_SECONDS // 2)
    assert "feed_off" not in watch.standing(most_feed_gap_bps=100)  # one pool pays the rate
    sell_to_stable_pool(site, "holder", 96 * ETHER)
    told = watch.standing(most_feed_gap_bps=100)["feed_off"]
    for lender in ("Morpho Blue", "Aave v3"):
        assert f"{lender} lends on a wkETH of 1 ETH" in told
    assert "feed_off" not in watch.standing(most_feed_gap_bps=1_000)


def test_utilisation_high__when_almost_all_is_lent(site: Site, watch: Watch) -> None:
    assert "utilisation_high" not in watch.standing(most_utilisation_bps=0)
    bring_collateral(site, "holder", 110 * ETHER, e_mode=True)
    borrow(site, "holder", 95 * ETHER)
    _, lent_wei = borrow_to_the_limit(site, "stranger", 40 * ETHER)
    loans = {loan.system: loan for loan in market_of_reading(watch).loans}
    assert loans["morpho"].supplied_wei - FIRST_SUPPLY_WEI == loans["morpho"].lent_wei - lent_wei
    assert "utilisation_high" not in watch.standing(most_utilisation_bps=9_501)
    told = watch.standing(most_utilisation_bps=9_499)["utilisation_high"]
    aave = next(loan for loan in market_of_reading(watch).loans if loan.system == "aave")
    lent, supplied = exact_ether(aave.lent_wei), exact_ether(aave.supplied_wei)
    assert told.startswith(f"Aave v3 has lent {lent} of {supplied} WETH, 95.00 %")
    assert "Morpho" not in told
    assert (
        "Morpho Blue has lent 37." in watch.standing(most_utilisation_bps=3_000)["utilisation_high"]
    )


def test_health_low__when_a_loss_brings_borrowers_near_their_limit(
    site: Site, watch: Watch, world: ScriptedWorld
) -> None:
    _, debt_wei = borrow_to_the_limit(site, "holder", 20 * ETHER)
    bring_collateral(site, "stranger", 20 * ETHER, e_mode=True)
    borrow(site, "stranger", 20 * ETHER * 950 // 1_030)
    repay_wei = debt_wei * 3 // 100
    morpho, who = morpho_of(site), site.actors["holder"]
    weth_of(site).function("approve").send(morpho.address, repay_wei, sender=who)
    morpho.function("repay").send(market_of(site), repay_wei, 0, who, b"", sender=who)
    assert "health_low" not in watch.standing(least_health_bps=10_295)

    lose(world, 3 * ETHER // 2)
    told = watch.standing(least_health_bps=10_295)["health_low"]
    for lender, actor in (("Morpho Blue", "holder"), ("Aave v3", "stranger")):
        assert f"1 of 1 borrowers of {lender} have less health than 102.95 %" in told
        assert f"the weakest is {site.actors[actor]} with 102." in told
    assert "health_low" not in watch.standing(least_health_bps=10_295, most_weak_bps=10_000)


def test_debts_and_health_are_what_the_lenders_themselves_say(
    site: Site, keel: Keel, watch: Watch
) -> None:
    units, _ = borrow_to_the_limit(site, "holder", 20 * ETHER)
    bring_collateral(site, "stranger", 20 * ETHER, e_mode=True)
    borrow(site, "stranger", 18 * ETHER)
    borrow_to_the_limit(site, "depositor", 10 * ETHER)
    jump(keel.rpc, 200 * 86_400)
    market = market_of_reading(watch)
    debts = {each.system: each for each in market.debts}
    morpho, params = morpho_of(site), market_of(site)
    assert {debt.borrower for debt in debts["morpho"].all} == {
        site.actors["holder"],
        site.actors["depositor"],
    }
    (aave,) = debts["aave"].all
    assert aave.borrower == site.actors["stranger"]
    assert aave.health_bps == health_wad(site, aave.borrower) * BPS // ETHER
    owed = aave_pool_of(site).function("getUserAccountData")(aave.borrower).totalDebtBase
    assert aave.owed_wei == owed

    loan = next(each for each in market.loans if each.system == "morpho")
    at = block_head(keel.rpc).timestamp
    morpho.function("accrueInterest").send(params, sender=site.actors["stranger"])
    seconds = block_head(keel.rpc).timestamp - at
    accrued = morpho.function("market")(market_id(params))
    grown = accrued.totalBorrowAssets - loan.lent_wei
    assert 0 <= grown <= loan.lent_wei * seconds // (86_400 * 300)
    worth_wei = units * loan.price_wei // ETHER if loan.price_wei else 0
    holder = next(d for d in debts["morpho"].all if d.borrower == site.actors["holder"])
    assert holder.health_bps == worth_wei * params[-1] * BPS // (ETHER * holder.owed_wei)
    assert debts["morpho"].all[0].health_bps <= debts["morpho"].all[-1].health_bps


def test_metrics_show_prices_loans_and_the_weakest(site: Site, watch: Watch) -> None:
    borrow_to_the_limit(site, "holder", 20 * ETHER)
    metrics = Metrics("monitor")
    Figures(metrics).seen(watch.reading())
    value = metrics.registry.get_sample_value
    for source in ("rate", "uniswap", "uniswap_mean", "stable", "rate_feed", "market_feed"):
        price = value("keel_monitor_price_wei", {"source": source})
        assert price is not None
        assert abs(price / ETHER - 1) < 0.001
    lent = value("keel_monitor_lent_wei", {"lender": "morpho"})
    assert lent is not None
    assert 18 < lent / ETHER < 19
    assert value("keel_monitor_supplied_wei", {"lender": "aave"}) == 100 * ETHER
    assert value("keel_monitor_borrowers", {"lender": "morpho"}) == 1
    assert value("keel_monitor_borrowers", {"lender": "aave"}) == 0
    assert value("keel_monitor_least_health_bps", {"lender": "morpho"}) == 10_000
