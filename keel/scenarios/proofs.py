"""What anybody does with the facts of the beacon chain: prove what became of predeposited keys."""

from collections.abc import Collection
from dataclasses import dataclass

from keel.chain.transaction import Receipt
from keel.model.key_stage import Stage
from keel.scenarios.operators import history_of
from keel.scenarios.world import World
from keel.sight.appearances import appearances
from keel.sight.key_proofs import key_proofs


@dataclass(frozen=True, slots=True)
class Proven:
    """Keys that proofs showed to be Keel's validators, and to be somebody else's."""

    keys: int
    foreign: int
    gas_used: int


def await_and_prove(world: World, actor: str = "stranger") -> Proven:
    """Let time pass until every predeposited key has a validator, and prove all of them."""
    waiting = [life.pubkey for life in history_of(world).keys_at(Stage.PREDEPOSITED)]
    world.beacon.await_validators(waiting)
    return prove(world, waiting, actor)


def prove(world: World, pubkeys: Collection[bytes], actor: str = "stranger") -> Proven:
    """Prove what became of these keys: fresh validators together, others one by one.

    Keys without a validator are left out.
    """
    registry, sender = world.contracts.registry, world.actors[actor]
    lives = history_of(world).key_lives()
    prover, block = world.beacon.shown()
    credentials = world.contracts.vault.withdrawalCredentials()
    seen = appearances(prover.state, [lives[pubkey] for pubkey in pubkeys], credentials)
    receipts = [
        registry.function(proof.function).send(*proof.arguments, sender=sender)
        for proof in key_proofs(prover, block.timestamp, seen.appeared)
    ]
    return Proven(
        keys=_count(world, receipts, "KeyProven"),
        foreign=_count(world, receipts, "KeyForeign"),
        gas_used=sum(receipt.gas_used for receipt in receipts),
    )


def _count(world: World, receipts: Collection[Receipt], name: str) -> int:
    return sum(len(world.contracts.registry.events(receipt, name)) for receipt in receipts)
