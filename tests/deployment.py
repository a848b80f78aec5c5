"""Keel deployed once in each test worker, by the same `deploy` as on any other chain.

Both profiles stand on the worker's Anvil before the first test that asks for one, and once more
with all roles but as their constructors leave the contracts, without the seed of the fund, for
the tests of contracts and those that compare them with the model's launch. Each test leaves
the chain as it found it, so no test sees another's changes or time. Ape's own isolation is off
(pyproject.toml): a snapshot that anyone restores under it ends it without a word.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import ape
import pytest
from ape.api.accounts import TestAccountAPI
from ape.contracts import ContractInstance

from keel.chain.clock import jump, reverting
from keel.chain.contract import Contract
from keel.chain.rpc import RpcClient
from keel.chain.state import block_head
from keel.chain.system_contracts import install_system_contracts
from keel.chain.transaction import Receipt
from keel.deploy.actors import (
    ACTORS,
    OPERATOR_MANAGERS,
    ORACLE_MEMBERS,
    cast_actors,
    local_configuration,
)
from keel.deploy.artifacts import Artifacts, load_artifacts
from keel.deploy.bindings import CONTRACT_NAMES, Bindings, bind
from keel.deploy.config import Configuration
from keel.deploy.deploy import (
    Deployment,
    create_contracts,
    deploy,
    manager_of,
    set_up_access,
)
from keel.deploy.plan import Plan, make_plan, selector_of
from keel.deploy.profiles import LOCAL, MAINNET, Profile
from keel.deploy.roles import ROLE_BY_NAME, role_of
from keel.deploy.sender import NodeSender

_FIXTURES = {"keel", "keel_mainnet", "keel_on_either_profile", "deployed", "constructed"}


@dataclass(frozen=True)
class ApeContracts:
    """The same contracts as Bindings, as Ape's instances."""

    manager: ContractInstance
    vault: ContractInstance
    wrapped: ContractInstance
    queue: ContractInstance
    instant: ContractInstance
    withdrawal_vault: ContractInstance
    rewards_vault: ContractInstance
    oracle: ContractInstance
    registry: ContractInstance
    bonds: ContractInstance
    exits: ContractInstance
    proofs: ContractInstance
    fund: ContractInstance


class Actors:
    """Accounts by the part they play: `actors.depositor` or `actors["depositor"]`."""

    def __init__(self, accounts: Mapping[str, TestAccountAPI]) -> None:
        self._accounts = accounts

    def __getitem__(self, name: str) -> TestAccountAPI:
        return self._accounts[name]

    def __getattr__(self, name: str) -> TestAccountAPI:
        try:
            return self._accounts[name]
        except KeyError:
            raise AttributeError(f"no actor plays {name!r}") from None

    @property
    def oracle_members(self) -> list[TestAccountAPI]:
        """The committee, in ascending order of address, as a report wants its signers."""
        members = [self._accounts[name] for name in ORACLE_MEMBERS]
        return sorted(members, key=lambda member: int(member.address, 16))

    @property
    def operator_managers(self) -> list[TestAccountAPI]:
        """Managers of the first operators."""
        return [self._accounts[name] for name in OPERATOR_MANAGERS]


@dataclass(frozen=True)
class Keel:
    """One deployment. `quick` are the raw JSON-RPC bindings, `ape` Ape's."""

    profile: Profile
    configuration: Configuration
    plan: Plan
    deployment: Deployment
    artifacts: Artifacts
    actors: Actors
    quick: Bindings
    ape: ApeContracts

    @property
    def rpc(self) -> RpcClient:
        """The client of the quick bindings."""
        return self.quick.rpc

    def holder_of(self, role: str) -> TestAccountAPI:
        """The account that holds a role."""
        return self.actors[self.configuration.holders[role][0]]

    def call_as_role(self, contract: Contract, function: str, *arguments: Any) -> Receipt:
        """Do what a role may do, as its holder; a delayed call is scheduled and waited for."""
        name = next(n for f, n in CONTRACT_NAMES.items() if getattr(self.quick, f) is contract)
        role = role_of(name, function).name
        holder = self.holder_of(role).address
        if not ROLE_BY_NAME[role].is_delayed:
            return contract.function(function).send(*arguments, sender=holder)
        data = contract.function(function).encode(*arguments)
        self.quick.manager.schedule.send(contract.address, data, 0, sender=holder)
        jump(self.rpc, self.configuration.delay_seconds(role))
        return self.quick.manager.execute.send(contract.address, data, sender=holder)

    def selector(self, contract: str, function: str) -> bytes:
        """Selector of a function of a contract of the plan."""
        return selector_of(self.artifacts, contract, function)


@pytest.fixture(scope="session")
def actors() -> Actors:
    """Everybody by role."""
    return Actors(dict(zip(ACTORS, ape.accounts.test_accounts, strict=False)))


@pytest.fixture(scope="session")
def artifacts() -> Artifacts:
    """Keel's compiled contracts."""
    ape.project.load_contracts()
    return load_artifacts()


@pytest.fixture(scope="session")
def chain_rpc() -> RpcClient:
    """A raw client of the chain that Ape is connected to, with Ethereum's system contracts."""
    rpc = RpcClient(ape.networks.provider.uri)
    install_system_contracts(rpc)
    return rpc


@pytest.fixture(scope="session", autouse=True)
def _deploy_before_any_snapshot(request: pytest.FixtureRequest) -> None:
    """Deploy at once if some test of this worker will ask for it."""
    if any(_FIXTURES.intersection(getattr(i, "fixturenames", ())) for i in request.session.items):
        request.getfixturevalue("deployed")
        request.getfixturevalue("constructed")


@pytest.fixture(autouse=True)
def _chain_put_back(chain_rpc: RpcClient) -> Iterator[None]:
    with reverting(chain_rpc):
        yield


@pytest.fixture(scope="session")
def deployed(chain_rpc: RpcClient, actors: Actors, artifacts: Artifacts) -> dict[str, Keel]:
    """Keel by profile, both on one chain."""
    return {
        profile.name: _deploy(profile, chain_rpc, actors, artifacts, deploy)
        for profile in (LOCAL, MAINNET)
    }


@pytest.fixture(scope="session")
def constructed(chain_rpc: RpcClient, actors: Actors, artifacts: Artifacts) -> dict[str, Keel]:
    """Keel by profile as constructors leave it, with all roles."""
    return {
        profile.name: _deploy(profile, chain_rpc, actors, artifacts, _construct)
        for profile in (LOCAL, MAINNET)
    }


@pytest.fixture
def keel(deployed: dict[str, Keel]) -> Keel:
    """Keel with the local profile."""
    return deployed[LOCAL.name]


@pytest.fixture
def keel_mainnet(deployed: dict[str, Keel]) -> Keel:
    """Keel with the mainnet profile."""
    return deployed[MAINNET.name]


@pytest.fixture(params=[LOCAL.name, MAINNET.name])
def keel_on_either_profile(request: pytest.FixtureRequest, deployed: dict[str, Keel]) -> Keel:
    """Run the test once with each profile."""
    return deployed[request.param]


def _construct(rpc: RpcClient, plan: Plan, sender: NodeSender) -> Deployment:
    block = block_head(rpc).number
    sent = create_contracts(rpc, plan, sender)
    manager = manager_of(rpc, plan)
    sent.append(sender.send(manager.address, set_up_access(manager.abi, plan, [])))
    return Deployment(tuple(sent), block)


def _deploy(
    profile: Profile,
    rpc: RpcClient,
    actors: Actors,
    artifacts: Artifacts,
    make: Callable[[RpcClient, Plan, NodeSender], Deployment],
) -> Keel:
    addresses = cast_actors([actors[name].address for name in ACTORS])
    genesis_time = block_head(rpc, 0).timestamp
    release = f"{profile.name} by {make.__name__}"
    config = local_configuration(addresses, genesis_time, profile, release=release)
    plan = make_plan(config, addresses["deployer"], artifacts)
    deployment = make(rpc, plan, NodeSender(rpc, addresses["deployer"]))
    return Keel(
        profile=profile,
        configuration=config,
        plan=plan,
        deployment=deployment,
        artifacts=artifacts,
        actors=actors,
        quick=bind(rpc, plan.addresses, artifacts),
        ape=_ape_contracts(plan.addresses),
    )


def _ape_contracts(addresses: Mapping[str, str]) -> ApeContracts:
    compiled = {"AccessManager": "KeelAccessManager"}
    return ApeContracts(
        **{
            field: ape.project.get_contract(compiled.get(name, name)).at(addresses[name])
            for field, name in CONTRACT_NAMES.items()
        }
    )
