"""What validators lose on mainnet when they are slashed together, by the beacon chain's rules."""

import numpy as np

from keel.consensus.beacon.spec import spec_of_states
from keel.consensus.state.layout import state_layout
from keel.consensus.state.penalties import expected_penalties_gwei
from keel.model.constants import GWEI

EPOCH = 400_000
OTHERS = 15_625
"""Of 2,048 ETH each: 32 million ETH."""


def slashed_wei(validators: int) -> int:
    """Loss of so many of 32 ETH: at once, and what they are expected to lose still (REP-10)."""
    spec = spec_of_states("electra", "mainnet")
    far, vector = int(spec.FAR_FUTURE_EPOCH), int(spec.EPOCHS_PER_SLASHINGS_VECTOR)
    whole_gwei = int(spec.MIN_ACTIVATION_BALANCE)
    at_once_gwei = whole_gwei // int(spec.MIN_SLASHING_PENALTY_QUOTIENT_ELECTRA)
    found = np.zeros(validators + OTHERS, state_layout(spec).validator_dtype)
    found["effective_balance"] = int(spec.MAX_EFFECTIVE_BALANCE_ELECTRA)
    found["exit_epoch"] = found["withdrawable_epoch"] = far
    ours = found[:validators]
    ours["effective_balance"], ours["slashed"] = whole_gwei, 1
    ours["exit_epoch"], ours["withdrawable_epoch"] = EPOCH + 5, EPOCH + vector
    held = np.full(len(found), whole_gwei - at_once_gwei, np.uint64)
    slashings = np.zeros(vector, np.uint64)
    slashings[EPOCH % vector] = validators * whole_gwei
    later_gwei = int(expected_penalties_gwei(spec, EPOCH, found, held, slashings).sum())
    return (validators * at_once_gwei + later_gwei) * GWEI
