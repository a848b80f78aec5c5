"""What anybody does with the facts of the beacon chain: prove what became of predeposited keys."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby

from keel.chain.transaction import Receipt
from keel.consensus.state.prover import Prover
from keel.model.key_stage import Stage
from keel.scenarios.operators import history_of
from keel.scenarios.world import World

_LARGEST_BATCH = 256  # PRF-4


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

    Raises KeyError for a key that has no validator yet.
    """
    registry, sender = world.contracts.registry, world.actors[actor]
    prover, block = world.beacon.shown()
    places = {bytes(key): index for index, key in enumerate(prover.state.validators["pubkey"])}
    indices = sorted(places[pubkey] for pubkey in pubkeys)
    credentials = world.contracts.vault.withdrawalCredentials()
    fresh = [index for index in indices if _is_fresh(prover, index, credentials)]
    receipts = [
        registry.proveFresh.send(block, *prover.fresh(list(together)), sender=sender)
        for _, together in groupby(fresh, lambda index: index // _LARGEST_BATCH)
    ]
    receipts += [
        registry.proveKey.send(block, *prover.validator(index), sender=sender)
        for index in indices
        if index not in fresh
    ]
    return Proven(
        keys=_count(world, receipts, "KeyProven"),
        foreign=_count(world, receipts, "KeyForeign"),
        gas_used=sum(receipt.gas_used for receipt in receipts),
    )


def _is_fresh(prover: Prover, index: int, credentials: bytes) -> bool:
    """Whether nothing but its deposit of 1 ETH to Keel ever happened to a validator (PRF-4)."""
    _, own, effective_gwei, slashed, *epochs = prover.validator(index).validator
    never = 2**64 - 1
    return (own, effective_gwei, slashed) == (credentials, 10**9, False) and set(epochs) == {never}


def _count(world: World, receipts: Collection[Receipt], name: str) -> int:
    return sum(len(world.contracts.registry.events(receipt, name)) for receipt in receipts)
