"""What anybody, or an operator's manager, asks of Exits (REQ)."""

from keel.chain.transaction import Receipt
from keel.model.commitment import public_key_hash
from keel.model.constants import GWEI
from keel.scenarios.world import World

FEE_WEI = GWEI
"""Sent with a request; what its fee does not need comes back."""


def ask_exit(world: World, pubkey: bytes, actor: str) -> Receipt:
    """Ask for a validator's exit with a proof of the present state; raises Reverted."""
    prover, block = world.beacon.shown()
    index = world.contracts.registry.keyOf(public_key_hash(pubkey)).validatorIndex
    proof = prover.validator(index)
    return world.contracts.exits.requestExit.send(
        pubkey, block, *proof, sender=world.actors[actor], value_wei=FEE_WEI
    )


def withdraw_part(world: World, pubkey: bytes, amount_gwei: int, manager: str) -> Receipt:
    """Ask for a partial withdrawal from a validator with 0x02 credentials; raises Reverted."""
    return world.contracts.exits.requestPartialWithdrawals.send(
        [pubkey], [amount_gwei], sender=world.actors[manager], value_wei=FEE_WEI
    )


def consolidate(world: World, source: bytes, target: bytes, manager: str) -> Receipt:
    """Ask for a validator to join another; one that joins itself gets 0x02 credentials."""
    return world.contracts.exits.requestConsolidations.send(
        [source], [target], sender=world.actors[manager], value_wei=FEE_WEI
    )
