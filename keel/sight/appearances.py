"""What a beacon state shows of predeposited keys: their validators, or why there are none (KEY-3).

A deposit in an execution block is, since EIP-6110, among the pending deposits of the beacon state
after that block, and later it is a validator, for good; or it was dropped because its signature is
void, and then it has made no validator and never will. So a state of a later block tells these
apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from keel.consensus.deposit_data import (
    PREDEPOSIT_GWEI,
    execution_credentials,
    is_compounding,
)
from keel.consensus.state.encoded_state import EncodedState
from keel.model.keys import NEVER_EPOCH
from keel.sight.agreed_state import staked_state_block
from keel.sight.consensus_view import NO_INDEX, consensus_view
from keel.sight.key_lives import KeyLife
from keel.sight.recorded_keys import recorded_keys


@dataclass(frozen=True, slots=True)
class Appeared:
    """A predeposited key whose validator exists.

    `is_fresh`: nothing but a deposit of 1 ETH to Keel ever happened to it (PRF-4). `is_foreign`:
    it has other withdrawal credentials. `is_leaving`: it is Keel's, but slashed or exiting, and
    the registry does not take it.
    """

    life: KeyLife
    index: int
    is_fresh: bool
    is_foreign: bool
    is_leaving: bool
    is_compounding: bool = False


@dataclass(frozen=True, slots=True)
class Appearances:
    """Keys by what a state shows of them, each in the order in which it was asked for.

    `queued` wait among the pending deposits, `void` never become validators, and `later` were
    predeposited after the block of the state.
    """

    appeared: tuple[Appeared, ...] = ()
    queued: tuple[KeyLife, ...] = ()
    void: tuple[KeyLife, ...] = ()
    later: tuple[KeyLife, ...] = ()

    @property
    def may_come(self) -> tuple[KeyLife, ...]:
        """Keys of which a later state may show a validator."""
        return self.queued + self.later


def appearances(state: EncodedState, lives: Sequence[KeyLife], credentials: bytes) -> Appearances:
    """Look for keys in a state; `credentials` are those of the vault."""
    if not lives:
        return Appearances()
    asked = recorded_keys((life.pubkey, life.operator_id) for life in lives)
    view = consensus_view(state, asked, credentials)
    block_number, _ = staked_state_block(state)
    appeared, queued, void, later = [], [], [], []
    for place, life in enumerate(lives):
        if view.index[place] != NO_INDEX:
            appeared.append(_appeared(state, life, int(view.index[place]), credentials))
        elif view.pending_gwei[place]:
            queued.append(life)
        elif life.block_number <= block_number:
            void.append(life)
        else:
            later.append(life)
    return Appearances(tuple(appeared), tuple(queued), tuple(void), tuple(later))


def _appeared(state: EncodedState, life: KeyLife, index: int, credentials: bytes) -> Appeared:
    _, found, effective_gwei, slashed, *epochs = state.validators[index].tolist()
    exit_epoch = epochs[2]
    compounding = execution_credentials(credentials[-20:], compounding=True)
    is_foreign = bytes(found) not in {credentials, compounding}
    is_leaving = bool(slashed) or exit_epoch != NEVER_EPOCH
    is_new = effective_gwei == PREDEPOSIT_GWEI and set(epochs) == {NEVER_EPOCH} and not slashed
    return Appeared(
        life,
        index,
        is_fresh=is_new and not is_foreign,
        is_foreign=is_foreign,
        is_leaving=is_leaving and not is_foreign,
        is_compounding=is_compounding(bytes(found)),
    )
