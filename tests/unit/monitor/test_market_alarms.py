"""Alarms of the market that need no package: Keel's own pool and feed, silent and raised."""

from pathlib import Path

import pytest
from ape.contracts import ContractContainer

from keel.deploy.manifest import make_manifest, record_market, write_manifest
from keel.model.constants import ETHER
from keel.sight.market.places import MarketPart
from tests.deployment import Keel
from tests.unit.contracts.hands import announce_loss, deploy_test_contract
from tests.unit.contracts.vaults import stake_most
from tests.unit.market.pools import deployed_pool
from tests.unit.market.stage import place
from tests.unit.market.test_stable_pool_keel import Market, opened
from tests.watching import Standing, Watch


@pytest.fixture
def market(keel: Keel, watch: Watch, test_contracts: dict[str, ContractContainer]) -> Market:
    """A pool of 300 ETH of each and the rate's feed, as a manifest names them."""
    stake_most(keel)
    weth = deploy_test_contract(keel, test_contracts["TestWrappedEther"])
    found = opened(keel, weth, 300 * ETHER)
    feed = place(keel, "RateFeed", keel.quick.vault.address)
    watch.records = {
        "weth": {"weth": weth.address},
        "stable": {"pool": found.pool.address},
        "feeds": {"rate": feed.address},
    }
    return found


def test_peg_off__when_a_sale_moves_the_pool_and_until_somebody_buys(
    market: Market, standing: Standing
) -> None:
    assert "peg_off" not in standing(most_discount_bps=1, most_premium_bps=1)
    got_wei = market.sell(140 * ETHER)
    discount_bps = 10_000 - market.pool.spotPrice() * 10_000 // ETHER
    assert discount_bps > 1
    told = standing(most_discount_bps=discount_bps - 1)["peg_off"]
    assert told.startswith("StablePool has a wkETH at 0.9")
    assert "instant redemption pays 0.9" in told
    assert "peg_off" not in standing(most_discount_bps=discount_bps)
    market.buy(2 * got_wei)
    premium_bps = -(-market.pool.spotPrice() * 10_000 // ETHER) - 10_000
    assert premium_bps > 1
    assert "peg_off" not in standing(most_discount_bps=0, most_premium_bps=premium_bps)
    assert "peg_off" in standing(most_discount_bps=0, most_premium_bps=premium_bps - 1)


def test_peg_off__when_the_pool_has_nothing(market: Market, watch: Watch) -> None:
    tokens = market.keel.quick.wrapped.address, market.weth.address
    empty = deployed_pool(market.keel.rpc, market.keel.artifacts, tokens)
    watch.records = {**watch.records, "stable": {"pool": empty.address}}
    assert watch.standing()["peg_off"].startswith(
        "StablePool has no price: spotPrice() failed: NoPrice(wrappedWei=0, wethWei=0); the rate is"
    )


def test_feed_off__when_the_rates_feed_is_not_to_be_used(
    market: Market, standing: Standing
) -> None:
    assert "feed_off" not in standing()
    announce_loss(market.keel, 50 * ETHER)
    told = "the feed `rate` says that its answer is not to be used"
    assert standing()["feed_off"] == told


def test_a_market_that_is_named_and_not_there_is_told(watch: Watch, keel: Keel) -> None:
    nobody = keel.actors.stranger.address
    watch.records = {
        "weth": {"weth": nobody},
        "uniswap": {"pool": nobody},
        "stable": {"pool": nobody},
        "feeds": {"rate": nobody},
        "morpho": {"morpho": nobody, "oracle": nobody, "rate": nobody},
        "aave": {"pool": nobody, "data": nobody, "oracle": nobody},
    }
    found = watch.standing()
    for name in ("Uniswap v3", "StablePool"):
        assert f"{name} has no price: " in found["peg_off"]
    assert found["feed_off"] == "the feed `rate` has no price: what it answers cannot be read"
    for name in ("Morpho Blue", "Aave v3"):
        assert f"{name} does not say what is lent: " in found["utilisation_high"]
    assert "health_low" not in found


def test_the_market_of_a_manifest_is_followed_in_its_file(keel: Keel, tmp_path: Path) -> None:
    manifest = make_manifest(keel.rpc, keel.plan, keel.deployment.block, keel.artifacts)
    path, nobody = tmp_path / "manifest.json", keel.actors.stranger.address
    part = MarketPart(path)
    assert part.places() is None
    write_manifest(manifest, path, keel.artifacts)
    assert part.places() is None
    record_market(path, {"weth": {"weth": nobody}, "morpho": {"morpho": nobody}})
    places = part.places()
    assert places is not None
    assert places.weth == nobody
    assert places.morpho is None  # a part of it is not named
    record_market(path, {"weth": {"weth": nobody}, "stable": {"pool": nobody}})
    for content in (None, "{", ""):
        if content is not None:
            path.write_text(content)
        now = part.places()
        assert now is not None
        assert now.stable == nobody
