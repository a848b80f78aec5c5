"""WETH9, the ether that all other systems trade: the artifact that Aave's package brings."""

from collections.abc import Iterator
from dataclasses import dataclass

from keel.chain.contract import Contract
from keel.deploy.artifacts import Artifact
from keel.formatting.amounts import shown_ether
from keel.market.artifacts import ArtifactFolder
from keel.market.system import Addresses, Line, Site, System

_ARTIFACTS = ArtifactFolder("@aave/core-v3", "artifacts/contracts")


@dataclass(frozen=True, slots=True)
class Weth(Addresses):
    """Where WETH9 is."""

    weth: str


def weth_artifact() -> Artifact:
    """The compiled WETH9; raises PackageMissingError."""
    return _ARTIFACTS.read("dependencies/weth/WETH9.sol").linked()


def weth_of(site: Site) -> Contract:
    """Bind WETH9; raises MarketError where it is not deployed."""
    return site.bind(weth_artifact(), WETH.found(site).weth)


def _deploy(site: Site) -> Weth:
    weth = site.deployer.create(weth_artifact())
    site.deployer.settle()
    return Weth(weth.address)


def _status(site: Site, at: Weth) -> Iterator[Line]:
    supply_wei = site.bind(weth_artifact(), at.weth).function("totalSupply")()
    yield Line("WETH9", at.weth, f"{shown_ether(supply_wei)} WETH")


WETH = System("weth", "WETH9", Weth, _deploy, _status)
