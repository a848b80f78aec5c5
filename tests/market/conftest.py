"""All systems of the market on the worker's Keel, deployed once by `market deploy`'s own code."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ape.contracts import ContractContainer
from rich.console import Console

from keel.chain.clock import reverting
from keel.deploy.actors import ACTORS
from keel.deploy.artifacts import Artifacts
from keel.market.compiled import compile_missing
from keel.market.deployer import Deployer
from keel.market.system import Site, in_order
from keel.market.systems import SYSTEMS
from tests.deployment import Keel
from tests.market.arena import Arena, open_arena
from tests.market.stage import open_stage, start_validators
from tests.scenarios.scripted_world import ScriptedWorld


def bare_site(keel: Keel) -> Site:
    """Where nothing is deployed but Keel."""
    actors = {name: keel.actors[name].address for name in ACTORS}
    return Site(keel.quick, keel.artifacts, actors, Deployer(keel.rpc, actors["deployer"]), {})


@pytest.fixture(scope="session")
def compiled() -> None:
    """What packages bring as sources, compiled."""
    sources = [source for system in SYSTEMS for source in system.sources]
    compile_missing(sources, Console(stderr=True))


@pytest.fixture(scope="session")
def site(deployed: dict[str, Keel], compiled: None) -> Site:
    """Everything deployed. Tests find each system by `SYSTEM.found(site)`."""
    site = bare_site(deployed["local"])
    for system in in_order(SYSTEMS):
        site.records[system.name] = system.deploy(site).as_record()
    return site


@pytest.fixture
def world(site: Site, keel: Keel, tmp_path: Path) -> ScriptedWorld:
    """Validators beside the site that can lose: `lose(world, ...)` slashes them and reports."""
    world = open_stage(keel)
    start_validators(world, tmp_path)
    return world


@pytest.fixture(scope="session")
def opened_arena(
    artifacts: Artifacts, compiled: None, test_contracts: dict[str, ContractContainer]
) -> Iterator[Arena]:
    """Markets that are attacked, on a chain of their own."""
    with open_arena(artifacts, test_contracts) as arena:
        yield arena


@pytest.fixture
def arena(opened_arena: Arena) -> Iterator[Arena]:
    """As it was opened, for each test."""
    with reverting(opened_arena.stage.rpc):
        yield opened_arena
