"""A whole Keel for the tests of another project: real contracts on both layers, seen by Ape."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ape.contracts import ContractContainer, ContractInstance
from ape.types import AddressType
from ethpm_types import ContractType

from keel.chain.abi import checksummed
from keel.circle.reports import Reported
from keel.consensus.beacon.chain import BeaconChain
from keel.deploy.artifacts import Artifacts
from keel.deploy.bindings import CONTRACT_NAMES
from keel.deploy.plan import abi_artifact
from keel.model.constants import TOP_UP_WEI
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.keepers import stake
from keel.scenarios.operators import NAMES, operators_join
from keel.scenarios.users import deposit
from keel.scenarios.validators import await_activation


@dataclass(frozen=True)
class KeelProtocol:
    """Keel's contracts as Ape's instances, and the stage of Keel's own stories.

    `world` is for whatever this leaves out: `keel.scenarios` acts on it.
    """

    world: BeaconWorld
    vault: ContractInstance
    wrapped: ContractInstance
    queue: ContractInstance
    instant: ContractInstance
    oracle: ContractInstance
    registry: ContractInstance
    exits: ContractInstance
    bonds: ContractInstance
    proofs: ContractInstance
    fund: ContractInstance
    manager: ContractInstance
    withdrawal_vault: ContractInstance
    rewards_vault: ContractInstance

    @property
    def addresses(self) -> Mapping[str, str]:
        """Address of each contract by its name in Solidity."""
        return self.world.manifest.addresses

    @property
    def beacon(self) -> BeaconChain:
        """The consensus layer."""
        return self.world.beacon.chain

    def report(self) -> Reported:
        """Let a frame pass and have the committee report it, as it does on a live chain."""
        return self.world.next_report()


def activate_validators(world: BeaconWorld, count: int, folder: Path) -> None:
    """Have operators join, pay in what `count` validators take of the pool, and await all."""
    operators_join(world, folder, keys_each=-(-count // len(NAMES)))
    deposit(world, "holder", count * TOP_UP_WEI)
    stake(world)
    await_activation(world)


def protocol_of(world: BeaconWorld, artifacts: Artifacts) -> KeelProtocol:
    """Show Keel's contracts to Ape, which must be connected to the world's chain."""
    return KeelProtocol(
        world,
        **{
            field: _instance(world.manifest.addresses[name], name, artifacts)
            for field, name in CONTRACT_NAMES.items()
        },
    )


def _instance(address: str, name: str, artifacts: Artifacts) -> ContractInstance:
    abi = list(abi_artifact(artifacts, name).abi_entries)
    container = ContractContainer(ContractType.model_validate({"contractName": name, "abi": abi}))
    return container.at(AddressType(checksummed(address)), fetch_from_explorer=False)
