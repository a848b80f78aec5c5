"""The page's market with the real systems: each number is the chain's, the chart is the swaps'."""

import re
from pathlib import Path

import pytest

from keel.chain.clock import jump, reverting
from keel.chain.rpc import RpcClient
from keel.chain.state import block_head
from keel.dashboard.deployment import KnownDeployment
from keel.dashboard.layer import ExecutionReader, Layer
from keel.dashboard.market import Columns
from keel.dashboard.page import Page
from keel.dashboard.watcher import View
from keel.deploy.manifest import make_manifest, record_market, write_manifest
from keel.market.feeds import WINDOW_SECONDS
from keel.market.stable import stable_pool_of
from keel.market.system import Site
from keel.market.uniswap import price_wei, swap
from keel.market.weth import weth_of
from keel.model.constants import BPS, ETHER
from tests.deployment import Keel
from tests.market.stage import give_weth, give_wketh
from tests.market.test_aave import borrow, bring_collateral
from tests.market.test_morpho import borrow_to_the_limit

_NAMED = re.compile(r'data-(?:wei|value)="([^"]+)" data-name="market\.([^"]+)"')
_NAMED_FIRST = re.compile(r'data-name="market\.([^"]+)" data-value="([^"]+)"')


@pytest.fixture
def known(site: Site, keel: Keel, tmp_path: Path) -> KnownDeployment:
    path = tmp_path / "manifest.json"
    manifest = make_manifest(keel.rpc, keel.plan, keel.deployment.block, keel.artifacts)
    write_manifest(manifest, path, keel.artifacts)
    record_market(path, site.records)
    return KnownDeployment.read(path)


def shown(known: KnownDeployment, layer: Layer) -> dict[str, str]:
    """Numbers of the panel by name, `market.` left out."""
    html = Page(known, "token", ()).fragment(View("1", layer))
    found = {name: value for value, name in _NAMED.findall(html)}
    return found | dict(_NAMED_FIRST.findall(html))


def test_prices_and_loans_are_those_of_the_systems(
    site: Site, keel: Keel, known: KnownDeployment
) -> None:
    _, lent_wei = borrow_to_the_limit(site, "stranger", 40 * ETHER)
    bring_collateral(site, "holder", 70 * ETHER, e_mode=True)
    borrow(site, "holder", 55 * ETHER)
    swap(site, site.actors["holder"], weth_of(site), site.contracts.wrapped, 20 * ETHER)
    jump(keel.rpc, WINDOW_SECONDS)
    with RpcClient(keel.rpc.url) as rpc:
        found = shown(known, ExecutionReader(known, rpc, None).read())
    assert int(found["uniswap"]) == price_wei(site)
    assert int(found["uniswap.off"]) == -(-(price_wei(site) - ETHER) * BPS // ETHER) > 50
    assert abs(int(found["uniswap_mean"]) - price_wei(site)) < ETHER // 10_000
    assert int(found["stable"]) == stable_pool_of(site).spotPrice()
    assert int(found["rate_feed"]) == int(found["market_feed"]) == ETHER
    assert int(found["morpho.used"]) == -(-lent_wei * BPS // (100 * ETHER))
    assert int(found["aave.lent"]) - 55 * ETHER < 10**14  # ten minutes of interest
    assert int(found["aave.used"]) == 5_501
    for lender in ("morpho", "aave"):
        assert int(found[f"{lender}.supplied"]) >= 100 * ETHER
        assert int(found[f"{lender}.takes"]) == ETHER


def test_the_chart_has_every_swap_also_those_of_long_ago_and_none_that_is_undone(
    site: Site, keel: Keel, known: KnownDeployment
) -> None:
    give_weth(site, "holder", 60 * ETHER)
    give_wketh(site, "holder", 30 * ETHER)
    wrapped, weth, holder = site.contracts.wrapped, weth_of(site), site.actors["holder"]
    with RpcClient(keel.rpc.url) as rpc:
        reader = ExecutionReader(known, rpc, None)
        begun = columns(reader.read())
        assert begun[2][-1] == price_wei(site) / ETHER
        prices = [price_wei(site) / ETHER]
        for paid, bought, amount in (
            (weth, wrapped, 20 * ETHER),
            (wrapped, weth, 10 * ETHER),
            (weth, wrapped, 5 * ETHER),
        ):
            jump(keel.rpc, 50)
            swap(site, holder, paid, bought, amount)
            prices.append(price_wei(site) / ETHER)
            assert changes(columns(reader.read())) == prices
        keel.rpc.call("anvil_mine", hex(200))
        assert changes(columns(reader.read())) == prices
        with reverting(keel.rpc):
            jump(keel.rpc, 50)
            swap(site, holder, wrapped, weth, 5 * ETHER)
            assert changes(columns(reader.read())) == [*prices, price_wei(site) / ETHER]
            keel.rpc.call("anvil_mine", hex(200))
            assert changes(columns(reader.read())) == [*prices, price_wei(site) / ETHER]
        for blocks in (1, 400):  # beside the undone ones, then beyond them
            keel.rpc.call("anvil_mine", hex(blocks))
            jump(keel.rpc, 100)
            assert changes(columns(reader.read())) == prices
        times, *_ = columns(reader.read())
        assert times[-1] == block_head(keel.rpc).timestamp


def columns(layer: Layer) -> Columns:
    assert layer.market is not None
    return layer.market.columns


def changes(found: Columns) -> list[float]:
    """Uniswap's prices, each once for as long as it stood."""
    kept: list[float] = []
    for price in found[2]:
        if price is not None and (not kept or kept[-1] != price):
            kept.append(price)
    return kept
