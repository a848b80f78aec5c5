"""`market` where its packages are not installed, and wishes that cannot be met."""

from pathlib import Path

import pytest

from keel.commands.market import cli as market
from keel.deploy.manifest import Manifest, record_market
from keel.market import artifacts, compiled
from keel.market.systems import SYSTEMS
from tests.scenarios.terminal import Terminal


def test_without_its_packages_deploy_says_what_to_run_and_writes_nothing(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (artifacts, compiled):
        monkeypatch.setattr(module, "MARKET_FOLDER", tmp_path)
    for system in ("weth", "morpho"):
        told = terminal.refuse(market, "deploy", system)
        assert "is not installed: run `make market-setup`" in told
    assert Manifest.read(terminal.manifest).market == {}


def test_a_system_that_is_none_is_named_with_those_that_are(terminal: Terminal) -> None:
    told = terminal.refuse(market, "deploy", "weth", "curve", code=2)
    known = ", ".join(system.name for system in SYSTEMS)
    assert told == f"Error: system 'curve' is unknown, one of {known} expected"


def test_status_lists_what_can_be_deployed(terminal: Terminal) -> None:
    told = terminal.succeed(market, "status")
    for system in SYSTEMS:
        assert f"{system.name} {system.title}: not deployed" in told


def test_a_record_of_addresses_without_code_is_no_deployment(terminal: Terminal) -> None:
    record_market(terminal.manifest, {"weth": {"weth": "0x" + "11" * 20}})
    assert "WETH9: not deployed" in terminal.succeed(market, "status")
    assert Manifest.read(terminal.manifest).market["weth"] == {"weth": "0x" + "11" * 20}
