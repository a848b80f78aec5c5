"""A validating Keel on which two accounts hold the keepers' role."""

from collections.abc import Iterator

import pytest

from keel.chain.anvil import start_anvil
from keel.chain.state import set_balance_wei, unlocked_accounts
from keel.circle.keys import account_numbered
from keel.consensus.beacon.chain import BeaconChain, start_chain
from keel.deploy.actors import ACTORS, cast_actors
from keel.deploy.artifacts import Artifacts
from keel.deploy.bindings import bind
from keel.deploy.deploy import deploy
from keel.deploy.manifest import make_manifest
from keel.deploy.plan import make_plan
from keel.deploy.sender import NodeSender
from keel.model.constants import ETHER
from keel.scenarios.beacon_world import (
    BeaconWorld,
    SlotClient,
    open_beacon_world,
    options_for_keel,
    plan_on_beacon,
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
        world = _found(start_chain(anvil.rpc, CONFIG), artifacts)
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


def _found(chain: BeaconChain, artifacts: Artifacts) -> BeaconWorld:
    """Deploy Keel with a second account that may ask for exits."""
    rpc = SlotClient(chain)
    usual = plan_on_beacon(chain, rpc, artifacts)
    configuration = usual.configuration
    both = ("keeper", "second_keeper")
    configuration = configuration.model_copy(
        update={
            "accounts": {**configuration.accounts, "second_keeper": SECOND_KEEPER},
            "holders": {**configuration.holders, "EXITER": both},
        }
    )
    plan = make_plan(configuration, usual.deployer, artifacts)
    deployment = deploy(rpc, plan, NodeSender(rpc, plan.deployer))
    set_balance_wei(rpc, SECOND_KEEPER, 1_000 * ETHER)
    manifest = make_manifest(rpc, plan, deployment.block, artifacts)
    contracts = bind(rpc, plan.addresses, artifacts)
    return open_beacon_world(chain, contracts, manifest, cast_actors(unlocked_accounts(rpc)))
