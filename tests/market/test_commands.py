"""`market deploy` and `market status`, given to a real chain."""

from pathlib import Path

import pytest

from keel.commands.market import cli as market
from keel.deploy.manifest import Manifest, make_manifest, write_manifest
from keel.deploy.verify import differences
from keel.market.system import Site
from tests.deployment import Keel
from tests.scenarios.terminal import Terminal


@pytest.fixture
def terminal(keel: Keel, compiled: None, tmp_path: Path) -> Terminal:
    """At the worker's chain, with a manifest that knows no market."""
    manifest = make_manifest(keel.rpc, keel.plan, keel.deployment.block, keel.artifacts)
    path = tmp_path / "manifest.json"
    write_manifest(manifest, path, keel.artifacts)
    return Terminal(keel.rpc.url, path)


def test_deploy_brings_what_a_system_needs_and_writes_it_down(
    keel: Keel, terminal: Terminal
) -> None:
    told = terminal.succeed(market, "deploy", "uniswap")
    assert told.index("WETH9: ") < told.index("Uniswap v3: ") < told.index("Manifest: ")
    manifest = Manifest.read(terminal.manifest)
    assert list(manifest.market) == ["weth", "uniswap"]
    assert manifest.contracts.keys() == keel.plan.addresses.keys()
    assert "WETH9 stands already. Uniswap v3 stands already." in terminal.succeed(
        market, "deploy", "uniswap"
    )
    assert Manifest.read(terminal.manifest) == manifest


def test_deploy_finds_all_systems_of_a_chain_whose_manifest_is_new(
    site: Site, terminal: Terminal
) -> None:
    terminal.succeed(market, "deploy", *site.records)
    assert Manifest.read(terminal.manifest).market == site.records


def test_status_shows_price_rate_and_what_is_lent(site: Site, terminal: Terminal) -> None:
    terminal.succeed(market, "deploy", *site.records)
    told = terminal.succeed(market, "status")
    assert "price 1.000000, rate 1.000000 (+0.0 bps)" in told or "(-0.0 bps)" in told
    assert "0 of 100 WETH lent (0.0%)" in told
    assert "3.0% a year, fixed" in told


def test_the_market_makes_no_difference_to_the_plan(
    keel: Keel, site: Site, terminal: Terminal
) -> None:
    terminal.succeed(market, "deploy", "weth")
    assert differences(keel.rpc, Manifest.read(terminal.manifest), keel.artifacts) == []
