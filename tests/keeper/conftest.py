"""A validating Keel beside which keepers work."""

from collections.abc import Iterator

import pytest

from keel.chain.anvil import start_anvil
from keel.circle.keys import account_numbered
from keel.consensus.beacon.chain import start_chain
from keel.deploy.actors import ACTORS
from keel.deploy.artifacts import Artifacts
from keel.model.constants import ETHER
from keel.scenarios.beacon_world import (
    BeaconWorld,
    found_beacon_world,
    options_for_keel,
    put_back,
)
from keel.scenarios.keepers import stake
from keel.scenarios.operators import operators_join
from keel.scenarios.users import deposit
from keel.scenarios.validators import await_activation
from tests.beacon_stage import CONFIG

SECOND_KEEPER = account_numbered(len(ACTORS)).address
"""The account that a circle gives its second keeper."""


@pytest.fixture(scope="session")
def _founded_for_keepers(
    artifacts: Artifacts, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BeaconWorld]:
    with start_anvil(options_for_keel(CONFIG)) as anvil:
        world = found_beacon_world(start_chain(anvil.rpc, CONFIG), artifacts)
        operators_join(world, tmp_path_factory.mktemp("keys"), keys_each=4)
        deposit(world, "depositor", 8 * 31 * ETHER + 5 * ETHER)
        stake(world)
        await_activation(world)
        yield world


@pytest.fixture
def keepers_world(_founded_for_keepers: BeaconWorld) -> Iterator[BeaconWorld]:
    """263 ETH in Keel, eight active validators of three operators, four proven keys not used yet.

    Eight ETH of them are the operators' bonds.
    """
    with put_back(_founded_for_keepers) as world:
        yield world
