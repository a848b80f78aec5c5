"""An attack on staking pools: an operator deposits first, with credentials of its own (KEY-4)."""

from dataclasses import dataclass

from keel.chain.abi import checksummed
from keel.chain.state import balance_wei
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.requests import submit_deposit
from keel.consensus.deposit_data import (
    PREDEPOSIT_GWEI,
    execution_credentials,
    make_deposit_data,
)
from keel.consensus.keys import ValidatorKey
from keel.model.constants import GWEI, PREDEPOSIT_WEI
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.operators import NETWORK, admit, own_keys
from keel.scenarios.proofs import prove
from keel.scenarios.refusals import refusal
from keel.sight.predeposits import Predeposit

NAME = "Wreckers"
_KEY_NUMBER = 200


@dataclass(frozen=True, slots=True)
class FrontRun:
    """What the attack came to. `slots` is what it took the chain to make the validator.

    `refused_stake` says why nobody can stake the pool's ether on the key, `refused_predeposit` why
    its operator can predeposit no other one; empty if they can.
    `index` is that of the validator, `paid_to` the address that its credentials name. `own_wei` is
    what it cost its operator, `pool_wei` what the vault held before and holds after it.
    """

    operator_id: int
    index: int
    paid_to: str
    slots: int
    own_wei: int
    pool_wei: tuple[int, int]
    gas_used: int
    is_frozen: bool
    refused_stake: str
    refused_predeposit: str


def front_run(world: BeaconWorld, actor: str = "attacker") -> FrontRun:
    """Deposit with foreign credentials, predeposit the same key, and be found out by a stranger."""
    c, chain = world.contracts, world.beacon.chain
    operator_id = admit(world, NAME, actor)
    pool_before_wei = balance_wei(world.rpc, c.vault.address)
    attacker = world.actors[actor]
    key, another = own_keys(world, _KEY_NUMBER, 2)
    own = execution_credentials(bytes.fromhex(attacker[2:]))
    first = make_deposit_data(key, own, PREDEPOSIT_GWEI, NETWORK.name)
    submit_deposit(world.rpc, first, attacker)
    c.registry.predeposit.send(
        operator_id, *_arguments(world, key), sender=attacker, value_wei=PREDEPOSIT_WEI
    )
    first_slot = chain.slot
    world.beacon.await_validators([key.public_key])
    slots = chain.slot - first_slot
    gas_used = prove(world, [key.public_key], "stranger").gas_used
    index = chain.index_of(key.public_key)
    return FrontRun(
        operator_id=operator_id,
        index=index,
        paid_to=_paid_to(chain, index),
        slots=slots,
        own_wei=int(chain.state.balances[index]) * GWEI,
        pool_wei=(pool_before_wei, balance_wei(world.rpc, c.vault.address)),
        gas_used=gas_used,
        is_frozen=c.registry.operator(operator_id).frozen,
        refused_stake=refusal(
            lambda: c.registry.stake(key.public_key, sender=world.actors["stranger"])
        ),
        refused_predeposit=refusal(
            lambda: c.registry.predeposit(
                operator_id,
                *_arguments(world, another),
                sender=attacker,
                value_wei=PREDEPOSIT_WEI,
            )
        ),
    )


def _arguments(world: BeaconWorld, key: ValidatorKey) -> tuple[bytes, bool]:
    credentials = world.contracts.vault.withdrawalCredentials()
    entry = make_deposit_data(key, credentials, PREDEPOSIT_GWEI, NETWORK.name)
    return Predeposit((entry,)).arguments


def _paid_to(chain: BeaconChain, index: int) -> str:
    credentials = bytes(chain.state.validators[index].withdrawal_credentials)
    return checksummed("0x" + credentials[-20:].hex())
