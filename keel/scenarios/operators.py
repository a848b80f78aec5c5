"""What operators do: join, predeposit keys from files of deposit tools, have their rewards."""

from dataclasses import dataclass
from pathlib import Path

from keel.chain.anvil import TEST_MNEMONIC
from keel.chain.clock import now
from keel.chain.state import block_head
from keel.consensus.deposit_data import (
    PREDEPOSIT_GWEI,
    make_deposit_data,
    read_deposit_data,
    write_deposit_data,
)
from keel.consensus.keys import ValidatorKey, derive_signing_keys, mnemonic_to_seed
from keel.consensus.networks import network_named
from keel.deploy.actors import OPERATOR_MANAGERS
from keel.deploy.profiles import USUAL_COMMISSION_BPS
from keel.scenarios.circle_world import CircleWorld
from keel.scenarios.world import World
from keel.sight.history import Historian, History
from keel.sight.predeposits import predeposits_of, require_usable

NETWORK = network_named("local")
NAMES = ("Harbour", "Lighthouse Quay", "North Mole")
TARGET_BPS = 3_400
LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class Joined:
    """An operator and the keys that it predeposited, 1 ETH of its own each."""

    operator_id: int
    name: str
    file: Path
    keys: int
    gas_used: int


def operators_join(world: World, folder: Path, keys_each: int = 8) -> list[Joined]:
    """Admit three operators; each writes a deposit-data file and predeposits its keys."""
    joined = []
    for number, (name, actor) in enumerate(zip(NAMES, OPERATOR_MANAGERS, strict=True)):
        operator_id = admit(world, name, actor)
        file = write_key_file(world, folder, number * keys_each, keys_each, number)
        gas_used = predeposit_keys(world, operator_id, world.actors[actor], file)
        joined.append(Joined(operator_id, name, file, keys_each, gas_used))
    return joined


def admit(
    world: World,
    name: str,
    actor: str,
    target_bps: int = TARGET_BPS,
    commission_bps: int = USUAL_COMMISSION_BPS,
) -> int:
    """Let the council admit an operator that an actor manages; returns its id."""
    registry, manager = world.contracts.registry, world.actors[actor]
    terms = (name, manager, manager, LIMIT, target_bps, commission_bps)
    world.send_as_role(registry, "addOperator", *terms)
    return registry.operatorCount() - 1


def write_key_file(world: World, folder: Path, first: int, count: int, number: int = 0) -> Path:
    """Write deposit data of real BLS keys for the vault's credentials; operators hold the keys."""
    credentials = world.contracts.vault.withdrawalCredentials()
    keys = own_keys(world, first, count)
    entries = [make_deposit_data(key, credentials, PREDEPOSIT_GWEI, NETWORK.name) for key in keys]
    return write_deposit_data(folder, entries, now(world.rpc) + number)


def own_keys(world: World, first: int, count: int) -> list[ValidatorKey]:
    """Derive keys that machines of operators hold."""
    keys = list(derive_signing_keys(mnemonic_to_seed(TEST_MNEMONIC), count, first))
    world.beacon.hold_keys(keys)
    return keys


def predeposit_keys(world: World, operator_id: int, manager: str, file: Path) -> int:
    """Check a file, then predeposit its keys; raises DepositDataError before anything is sent.

    Returns the gas used.
    """
    contracts = world.contracts
    entries = read_deposit_data(file)
    known = history_of(world).known_keys()
    require_usable(entries, contracts.vault, known, NETWORK)
    gas_used = 0
    for call in predeposits_of(entries):
        receipt = contracts.registry.predeposit.send(
            operator_id, *call.arguments, sender=manager, value_wei=call.value_wei
        )
        gas_used += receipt.gas_used
    return gas_used


def history_of(world: World) -> History:
    """What Keel's events tell up to now."""
    return Historian(world.contracts, world.first_block).up_to(block_head(world.rpc))


def pubkeys_by_root(world: World) -> dict[bytes, bytes]:
    """Every key that was predeposited, by what Exits and the registry know it by."""
    lives = history_of(world).key_lives()
    return {life.pubkey_root: pubkey for pubkey, life in lives.items()}


@dataclass(frozen=True, slots=True)
class Rewarded:
    """kETH shares that an operator received, and their worth."""

    operator_id: int
    shares: int
    worth_wei: int


def await_rewards(world: CircleWorld) -> list[Rewarded]:
    """Let slots pass until a keeper has claimed for all operators that have validators.

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
        operators = range(registry.operatorCount())
        return len(shares) == sum(registry.operator(number).staked > 0 for number in operators)

    world.circle.until(all_claimed, "operators' rewards")
    return [
        Rewarded(number, claimed, vault.toAssetsDown(claimed))
        for number, claimed in sorted(shares.items())
    ]
