"""The market on the page: there once the manifest names one, and as its contracts say."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from ape.contracts import ContractContainer
from playwright.sync_api import Browser, Page

from keel.chain.contract import Contract, deploy
from keel.chain.state import block_head
from keel.deploy.artifacts import Artifacts, artifact_named
from keel.deploy.manifest import record_market
from keel.market.contracts import StablePool
from keel.model.constants import ETHER, ZERO_ADDRESS
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.members import report
from keel.sight.market.pools import off_bps
from tests.dashboard.browser import await_true, opened
from tests.dashboard.stage import Staged, staged
from tests.dashboard.test_page import await_block, numbers
from tests.dashboard.test_screens import CONTRAST_LEAST, CONTRASTS, UNLABELLED
from tests.unit.market.pools import ALL, deployed_pool

_SIDE_WEI = 40 * ETHER
_SERIES = "async () => (await fetch('/series/market')).json()"
_LEGEND = """() => [...document.querySelectorAll("#market-chart .u-series .u-label")].map(
  (each) => each.textContent)"""


@dataclass(frozen=True)
class Market:
    """A pool of Keel's own with 40 ETH of each, and a feed of the rate."""

    stage: Staged
    pool: StablePool
    feed: Contract
    weth: Contract
    manifest: Path

    @property
    def holder(self) -> str:
        return self.stage.world.actors["depositor"]

    def name_it(self) -> None:
        """Write it into the manifest, as `market deploy` does."""
        record_market(
            self.manifest,
            {
                "weth": {"weth": self.weth.address},
                "stable": {"pool": self.pool.address},
                "feeds": {"rate": self.feed.address},
            },
        )

    def sell(self, units: int) -> None:
        wrapped = self.stage.world.contracts.wrapped.address
        self.pool.exchange.send(wrapped, units, 0, self.holder, ALL, sender=self.holder)

    def price(self, block: int) -> float:
        """Ether of a whole wkETH."""
        rate = self.stage.world.contracts.wrapped.convertToAssets(ETHER, block=block) / ETHER
        return self.pool.spotPrice(block=block) / ETHER * rate


@pytest.fixture
def market(
    validating_world: BeaconWorld,
    artifacts: Artifacts,
    test_contracts: dict[str, ContractContainer],
    tmp_path: Path,
) -> Iterator[Market]:
    world = validating_world
    holder, wrapped = world.actors["depositor"], world.contracts.wrapped
    compiled = test_contracts["TestWrappedEther"].contract_type
    code = bytes(compiled.get_deployment_bytecode() or b"")
    abi = [entry.model_dump(mode="json", by_alias=True) for entry in compiled.abi]
    weth, _ = deploy(world.rpc, abi, code, sender=holder)
    pool = deployed_pool(world.rpc, artifacts, (wrapped.address, weth.address))
    source, vault = artifact_named(artifacts, "RateFeed"), world.contracts.vault
    feed, _ = deploy(world.rpc, source.abi, source.creation_code, vault.address, sender=holder)
    weth.function("deposit").send(sender=holder, value_wei=_SIDE_WEI)
    vault.depositWrapped.send(holder, ZERO_ADDRESS, sender=holder, value_wei=2 * _SIDE_WEI)
    for token in (wrapped, weth):
        token.function("approve").send(pool.address, ALL, sender=holder)
    units = wrapped.convertToShares(_SIDE_WEI)
    pool.addLiquidity.send(units, _SIDE_WEI, 0, holder, ALL, sender=holder)
    with staged(world, artifacts, tmp_path) as stage:
        yield Market(stage, pool, feed, weth, tmp_path / "manifest.json")


def shown(page: Page) -> dict[str, int]:
    """Numbers of the market's panel."""
    return {name: n for name, n in numbers(page).items() if name.startswith("market.")}


def test_the_panel_comes_with_the_market_and_shows_its_prices(
    market: Market, browser: Browser
) -> None:
    world, pool = market.stage.world, market.pool
    with opened(browser, market.stage.url) as page:
        await_block(page, world)
        assert page.locator("[data-part=market]").count() == 0
        assert page.get_by_text("This page knows no market price of kETH").count() == 1

        market.name_it()
        market.sell(5 * ETHER)
        page.wait_for_selector("#market-chart .uplot")
        block = await_block(page, world)
        assert page.get_by_text("This page knows no market price of kETH").count() == 0
        rate_wei = world.contracts.wrapped.convertToAssets(ETHER, block=block)
        price_wei = pool.spotPrice(block=block) * rate_wei // ETHER
        found = shown(page)
        assert price_wei < rate_wei
        assert found["market.stable"] == price_wei
        assert found["market.stable.off"] == off_bps(price_wei, rate_wei) < 0
        assert found["market.rate_feed"] == rate_wei
        assert found["market.rate_feed.off"] == 0
        assert page.locator(".loans").count() == 0
        assert page.evaluate(_LEGEND) == ["UTC", "rate", "Uniswap v3", "StablePool"]


def test_the_chart_has_the_price_after_each_trade_and_the_rate_beside_it(
    market: Market, browser: Browser
) -> None:
    world, wrapped = market.stage.world, market.stage.world.contracts.wrapped
    market.name_it()
    blocks = [block_head(world.rpc).number]
    for units in (2 * ETHER, 3 * ETHER):
        report(world)
        market.sell(units)
        blocks.append(block_head(world.rpc).number)
    report(world)
    with opened(browser, market.stage.url) as page:
        page.wait_for_selector("#market-chart .uplot")
        await_block(page, world)
        times, rates, uniswap, stable = page.evaluate(_SERIES)
        assert set(uniswap) == {None}
        assert times == sorted(times)
        assert times[0] == block_head(world.rpc, blocks[0]).timestamp
        for block in blocks:
            place = bisect_right(times, block_head(world.rpc, block).timestamp) - 1
            rate = wrapped.convertToAssets(ETHER, block=block) / ETHER
            assert abs(rates[place] - rate) < 1e-9
            assert abs(stable[place] - market.price(block)) < 1e-9
            if block != blocks[0]:  # what stood until the trade
                assert times[place - 1] == times[place]
                assert abs(stable[place - 1] - market.price(block - 1)) < 1e-5
                assert stable[place - 1] - stable[place] > 1e-4
        assert abs(stable[-1] - market.price(block_head(world.rpc).number)) < 1e-12


def test_what_is_named_and_does_not_answer_is_told_in_its_place(
    market: Market, browser: Browser
) -> None:
    nobody = market.stage.world.actors["stranger"]
    record_market(
        market.manifest,
        {
            "weth": {"weth": market.weth.address},
            "stable": {"pool": market.pool.address},
            "uniswap": {"pool": nobody},
            "morpho": {"morpho": nobody, "oracle": nobody, "rate": nobody},
        },
    )
    market.sell(ETHER)
    with opened(browser, market.stage.url) as page:
        page.wait_for_selector("[data-part=market]")
        for name, text in (("market.uniswap", "none: "), ("market.morpho", "unknown: ")):
            assert page.locator(f"[data-name='{name}']").inner_text().startswith(text)
        assert "market.stable" in shown(page)


def test_the_panel_fits_every_screen_and_can_be_read(market: Market, browser: Browser) -> None:
    market.name_it()
    market.sell(5 * ETHER)
    with opened(browser, market.stage.url, dark=True) as page:
        page.wait_for_selector("#market-chart .uplot")
        assert page.evaluate(UNLABELLED) == []
        assert [each for each in page.evaluate(CONTRASTS) if each[0] < CONTRAST_LEAST] == []
        for width in (320, 375, 768, 1024, 1280):
            page.set_viewport_size({"width": width, "height": 812})
            await_true(page, "(w) => document.documentElement.scrollWidth === w", arg=width)
            await_true(
                page,
                """() => {
                  const chart = document.querySelector("#market-chart .uplot");
                  return chart.getBoundingClientRect().right <= innerWidth;
                }""",
            )
