"""The worker's deployed Keel as a stage for stories, and as a deployment for commands."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from keel.chain.clock import restore_snapshot, take_snapshot
from keel.deploy.actors import ACTORS
from keel.deploy.manifest import make_manifest, write_manifest
from keel.model.constants import ETHER
from keel.scenarios.keepers import stake
from keel.scenarios.operators import operators_join
from keel.scenarios.users import deposit, deposit_wrapped, underwrite
from tests.deployment import Keel
from tests.scenarios.scripted_world import ScriptedWorld, open_world
from tests.scenarios.terminal import Terminal


def stage(keel: Keel) -> ScriptedWorld:
    actors = {name: keel.actors[name].address for name in ACTORS}
    return open_world(keel.quick, keel.configuration, actors, keel.deployment.block)


def stage_again(world: ScriptedWorld) -> ScriptedWorld:
    """The same chain, with nothing remembered of what a test did."""
    return open_world(world.contracts, world.configuration, world.actors, world.first_block)


@pytest.fixture
def world(keel_on_either_profile: Keel) -> ScriptedWorld:
    """Keel as it is after its deployment, on either profile."""
    return stage(keel_on_either_profile)


@pytest.fixture(scope="module", params=["local", "mainnet"])
def _founded(
    request: pytest.FixtureRequest,
    deployed: dict[str, Keel],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ScriptedWorld]:
    """Once a module and profile, since real BLS keys take their time."""
    keel = deployed[request.param]
    snapshot = take_snapshot(keel.rpc)
    world = stage(keel)
    operators_join(world, tmp_path_factory.mktemp("keys"))
    deposit(world, "depositor", 476 * ETHER)
    deposit(world, "redeemer", 100 * ETHER)
    deposit_wrapped(world, "holder", 300 * ETHER)
    underwrite(world, "underwriter", 5 * ETHER)
    stake(world)
    yield world
    restore_snapshot(keel.rpc, snapshot)


@pytest.fixture
def busy_world(_founded: ScriptedWorld) -> ScriptedWorld:
    """906 ETH in Keel: 5 insurance, 24 bonds; 768 are staked, 8 validators with each operator.

    A module that asks for it cannot ask for an empty world too.
    """
    return stage_again(_founded)


@pytest.fixture
def local_world(keel: Keel) -> ScriptedWorld:
    """The local profile, to which commands talk."""
    return stage(keel)


@pytest.fixture
def terminal(keel: Keel, tmp_path: Path) -> Terminal:
    """A terminal at which commands are given to the worker's chain."""
    manifest = make_manifest(keel.rpc, keel.plan, keel.deployment.block, keel.artifacts)
    path = tmp_path / "manifest.json"
    write_manifest(manifest, path, keel.artifacts)
    return Terminal(keel.rpc.url, path)
