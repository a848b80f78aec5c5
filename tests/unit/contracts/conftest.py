"""Fixtures of all tests of contracts."""

import pytest

from keel.chain.contract import Contract
from keel.chain.rpc import RpcClient
from keel.deploy.artifacts import Artifacts
from tests.constructed import keel, keel_mainnet, keel_on_either_profile
from tests.deployment import Actors
from tests.unit.contracts.proven_states import deploy_module

__all__ = ["keel", "keel_mainnet", "keel_on_either_profile"]


@pytest.fixture(scope="session")
def module(chain_rpc: RpcClient, artifacts: Artifacts, actors: Actors) -> Contract:
    """ValidatorProofs of the minimal preset, whose states name 64 blocks."""
    return deploy_module(chain_rpc, artifacts, actors.deployer.address)
