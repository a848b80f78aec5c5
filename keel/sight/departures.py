"""Staked validators of which a state shows more than the chain knows: slashed ones, paid out ones.

Anyone proves a slashing once a key (KEY-8), and that a validator has been paid out (KEY-9). A
slashing is proven first: the bond of a validator that was slashed is forfeit, not released.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from keel.consensus.state.encoded_state import EncodedState
from keel.consensus.state.prover import Prover
from keel.model.key_stage import Stage
from keel.sight.agreed_state import state_slot
from keel.sight.consensus_view import find_validators
from keel.sight.key_lives import KeyLife
from keel.sight.recorded_keys import recorded_keys

LIVE_STAGES = (Stage.STAKED, Stage.SLASHED)
"""Stages of keys whose validators can still be proven to depart."""


@dataclass(frozen=True, slots=True)
class Departed:
    """A validator of a staked key that was slashed, or else has been paid out."""

    life: KeyLife
    index: int
    is_slashed: bool

    @property
    def function(self) -> str:
        """What the registry's proof of it is called."""
        return "proveSlashed" if self.is_slashed else "proveWithdrawn"


@dataclass(frozen=True, slots=True)
class DepartureProof:
    """One call of the registry."""

    departed: Departed
    arguments: tuple[Any, ...]


def departures(state: EncodedState, lives: Sequence[KeyLife]) -> tuple[Departed, ...]:
    """What can be proven of these keys now, each key once: slashings first.

    Keys at other stages than LIVE_STAGES, and those without validator, are passed over.
    """
    live = [life for life in lives if life.stage in LIVE_STAGES]
    if not live:
        return ()
    asked = recorded_keys((life.pubkey, life.operator_id) for life in live)
    places, indices = find_validators(state, asked)
    found = state.validators[indices]
    epoch = state_slot(state) // int(state.spec.SLOTS_PER_EPOCH)
    staked = np.array([life.stage is Stage.STAKED for life in live], np.bool_)[places]
    slashed = found["slashed"].astype(np.bool_) & staked
    is_over = found["withdrawable_epoch"] <= epoch
    paid_out = (found["effective_balance"] == 0) & is_over & ~slashed
    return tuple(
        Departed(live[places[at]], int(indices[at]), bool(slashed[at]))
        for rows in (np.flatnonzero(slashed), np.flatnonzero(paid_out))
        for at in rows.tolist()
    )


def departure_proofs(
    prover: Prover, timestamp: int, departed: Collection[Departed]
) -> Iterator[DepartureProof]:
    """Prove departures by the state that shows them; raises ProofError.

    `timestamp` is that of the block whose parent is the state's.
    """
    block = prover.block(timestamp)
    for one in departed:
        yield DepartureProof(one, (block, *prover.validator(one.index)))
