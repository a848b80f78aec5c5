"""What operators do: join, commit keys from files of deposit tools, claim their rewards (OPR-4)."""

from dataclasses import dataclass
from pathlib import Path

from keel.chain.anvil import TEST_MNEMONIC
from keel.chain.clock import now
from keel.chain.state import block_head
from keel.consensus.deposit_data import make_deposit_data, read_deposit_data, write_deposit_data
from keel.consensus.keys import derive_signing_keys, mnemonic_to_seed
from keel.consensus.networks import network_named
from keel.deploy.actors import OPERATOR_MANAGERS
from keel.scenarios.circle_world import CircleWorld
from keel.scenarios.world import World
from keel.sight.history import Historian
from keel.sight.key_batches import batches_of, require_usable

NETWORK = network_named("local")
NAMES = ("Harbour", "Lighthouse Quay", "North Mole")
TARGET_BPS = 3_400
LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Joined:
    """An operator and the batch that it committed."""

    operator_id: int
    name: str
    file: Path
    keys: int
    gas_used: int


def operators_join(world: World, folder: Path, keys_each: int = 8) -> list[Joined]:
    """Admit three operators; each writes a deposit-data file and commits its keys."""
    joined = []
    for number, (name, actor) in enumerate(zip(NAMES, OPERATOR_MANAGERS, strict=True)):
        manager = world.actors[actor]
        world.send_as_role(
            world.contracts.registry, "addOperator", name, manager, manager, LIMIT, TARGET_BPS
        )
        operator_id = world.contracts.registry.operatorCount() - 1
        file = write_key_file(world, folder, number * keys_each, keys_each, number)
        gas_used = commit_keys(world, operator_id, manager, file)
        joined.append(Joined(operator_id, name, file, keys_each, gas_used))
    return joined


def write_key_file(world: World, folder: Path, first: int, count: int, number: int = 0) -> Path:
    """Write deposit data of real BLS keys for the vault's credentials; operators hold the keys."""
    credentials = world.contracts.vault.withdrawalCredentials()
    keys = list(derive_signing_keys(mnemonic_to_seed(TEST_MNEMONIC), count, first))
    world.beacon.hold_keys(keys)
    entries = [make_deposit_data(key, credentials, network=NETWORK.name) for key in keys]
    return write_deposit_data(folder, entries, now(world.rpc) + number)


def commit_keys(world: World, operator_id: int, manager: str, file: Path) -> int:
    """Check a file, then commit its keys; raises DepositDataError before anything is sent.

    Returns the gas used.
    """
    contracts = world.contracts
    entries = read_deposit_data(file)
    historian = Historian(contracts, world.first_block)
    known = historian.known_keys(historian.up_to(block_head(world.rpc)))
    require_usable(entries, contracts.vault, known, NETWORK)
    gas_used = 0
    for batch in batches_of(entries):
        arguments = (operator_id, batch.root, batch.packed)
        gas_used += contracts.registry.addKeys.send(*arguments, sender=manager).gas_used
    return gas_used


@dataclass(frozen=True, slots=True)
class Rewarded:
    """kETH shares that an operator received, and their worth."""

    operator_id: int
    shares: int
    worth_wei: int


def await_rewards(world: CircleWorld) -> list[Rewarded]:
    """Let slots pass until a keeper has claimed for all operators what the last report gave them.

    Keepers do so after every report; what they claimed since the deployment is added up.
    """
    registry, vault = world.contracts.registry, world.contracts.vault
    shares: dict[int, int] = {}

    def all_claimed() -> bool:
        last_block = block_head(world.rpc).number
        shares.clear()
        for event in registry.events_between(world.first_block, last_block, "RewardsClaimed"):
            operator_id = event.inputs["operatorId"]
            shares[operator_id] = shares.get(operator_id, 0) + event.inputs["shares"]
        return len(shares) == int(registry.operatorCount())

    world.circle.until(all_claimed, "operators' rewards")
    return [
        Rewarded(number, claimed, vault.toAssetsDown(claimed))
        for number, claimed in sorted(shares.items())
    ]
