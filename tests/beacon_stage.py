"""Keel on beacon chains, for any test: built once a worker, put back in milliseconds after each.

The chains have nothing in common with the Anvil of the other fixtures.
"""

from collections.abc import Iterator

import pytest

from keel.chain.anvil import start_anvil
from keel.consensus.beacon.chain import start_chain
from keel.consensus.beacon.config import ChainConfig
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
from keel.scenarios.users import deposit, deposit_wrapped, underwrite
from keel.scenarios.validators import await_activation

CONFIG = ChainConfig(genesis_time=1_800_000_000, verify_own_signatures=False)


@pytest.fixture(scope="session")
def _founded_on_beacon(artifacts: Artifacts) -> Iterator[BeaconWorld]:
    with start_anvil(options_for_keel(CONFIG)) as anvil:
        yield found_beacon_world(start_chain(anvil.rpc, CONFIG), artifacts)


@pytest.fixture(scope="session")
def _validating_on_beacon(
    artifacts: Artifacts, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BeaconWorld]:
    with start_anvil(options_for_keel(CONFIG)) as anvil:
        world = found_beacon_world(start_chain(anvil.rpc, CONFIG), artifacts)
        operators_join(world, tmp_path_factory.mktemp("keys"))
        deposit(world, "depositor", 476 * ETHER)
        deposit_wrapped(world, "holder", 300 * ETHER)
        underwrite(world, "underwriter", 3 * ETHER)
        stake(world)
        await_activation(world)
        yield world


@pytest.fixture
def beacon_world(_founded_on_beacon: BeaconWorld) -> Iterator[BeaconWorld]:
    """An empty Keel on a beacon chain that finalises."""
    with put_back(_founded_on_beacon) as world:
        yield world


@pytest.fixture
def validating_world(_validating_on_beacon: BeaconWorld) -> Iterator[BeaconWorld]:
    """805 ETH in Keel, 768 of them with 24 active validators, eight of each of three operators.

    24 ETH are the operators' bonds.
    """
    with put_back(_validating_on_beacon) as world:
        yield world
