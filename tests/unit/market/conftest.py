"""Fixtures of all tests of market pieces."""

import pytest
from ape.contracts import ContractContainer

from keel.chain.rpc import RpcClient
from keel.deploy.artifacts import Artifacts
from keel.model.constants import ETHER
from tests.constructed import keel, keel_mainnet
from tests.deployment import Actors, Keel
from tests.unit.market.pools import PoolStage, staged
from tests.unit.market.routing import OTHER, OWN, SECOND, Market, act, open_market

__all__ = ["keel", "keel_mainnet"]


@pytest.fixture
def market(keel: Keel, keel_mainnet: Keel, test_contracts: dict[str, ContractContainer]) -> Market:
    """A router without a share yet."""
    return open_market(keel, keel_mainnet, test_contracts)


@pytest.fixture
def stocked(market: Market) -> Market:
    """100 of each."""
    market.see()
    for number in (OWN, SECOND, OTHER):
        act(market, "deposit", (number, number), 100 * ETHER)
    return market


@pytest.fixture
def stage(
    chain_rpc: RpcClient,
    artifacts: Artifacts,
    actors: Actors,
    test_contracts: dict[str, ContractContainer],
) -> PoolStage:
    """An empty pool of usual terms between two tokens of the tests."""
    return staged(chain_rpc, artifacts, actors, test_contracts)
