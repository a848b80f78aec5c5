"""What slashed validators have still to lose, from one state alone (REP-10).

A slashed validator loses the attestation rewards of every epoch until it can withdraw, and halfway
a part that grows with all that was slashed around that time. Both follow from the state, if nobody
else is slashed later and the chain stays final. So a slow slashing lands whole in the next report.
"""

from math import isqrt

import numpy as np
from numpy.typing import NDArray

from keel.consensus.beacon.spec import Spec
from keel.consensus.state.encoded_state import EncodedState


def penalties_in_state(state: EncodedState) -> NDArray[np.uint64]:
    """Return for each validator of a state what its balance still loses in gwei."""
    slot = int.from_bytes(state.spans["slot"], "little")
    slashings_gwei = np.frombuffer(state.spans["slashings"], "<u8")
    epoch = slot // int(state.spec.SLOTS_PER_EPOCH)
    return expected_penalties_gwei(
        state.spec, epoch, state.validators, state.balances_gwei, slashings_gwei
    )


def expected_penalties_gwei(
    spec: Spec,
    epoch: int,
    validators: NDArray[np.void],
    balances_gwei: NDArray[np.uint64],
    slashings_gwei: NDArray[np.uint64],
) -> NDArray[np.uint64]:
    """Return for each validator what its balance still loses in gwei, at most all of it.

    `validators` has the fields of the specification's Validator by name; the state is one of
    `epoch`. Those that are not slashed, or can withdraw already, lose nothing.
    """
    penalties = np.zeros(len(validators), np.uint64)
    places = np.flatnonzero(
        (validators["slashed"] == 1) & (validators["withdrawable_epoch"] > epoch)
    )
    if not len(places):
        return penalties
    chain = _Chain(spec, _total_gwei(spec, epoch, validators), slashings_gwei)
    effective = validators["effective_balance"][places].tolist()
    ends = validators["withdrawable_epoch"][places].tolist()
    held = balances_gwei[places].tolist()
    for place, *one in zip(places.tolist(), effective, ends, held, strict=True):
        penalties[place] = chain.loss_gwei(epoch, *one)
    return penalties


class _Chain:
    """What penalties of one validator depend on besides itself."""

    def __init__(self, spec: Spec, total_gwei: int, slashings_gwei: NDArray[np.uint64]) -> None:
        self.total_gwei = total_gwei
        self.slashings_gwei = slashings_gwei
        self.increment = int(spec.EFFECTIVE_BALANCE_INCREMENT)
        self.hysteresis = self.increment // int(spec.HYSTERESIS_QUOTIENT)
        self.hysteresis *= int(spec.HYSTERESIS_DOWNWARD_MULTIPLIER)
        self.multiplier = int(spec.PROPORTIONAL_SLASHING_MULTIPLIER_BELLATRIX)
        self.base_reward = self.increment * int(spec.BASE_REWARD_FACTOR) // isqrt(total_gwei)
        self.weights = (int(spec.TIMELY_SOURCE_WEIGHT), int(spec.TIMELY_TARGET_WEIGHT))
        self.weight_sum = int(spec.WEIGHT_DENOMINATOR)

    def loss_gwei(self, epoch: int, effective: int, end: int, held: int) -> int:
        """Of a validator of this effective balance that can withdraw from `end` on."""
        halfway = end - len(self.slashings_gwei) // 2
        lost = 0
        if epoch <= halfway:
            lost = self.missed_gwei(effective) * (halfway + 1 - epoch)
            lost += self.shared_gwei(epoch, halfway) * (effective // self.increment)
            left = max(0, held - lost)
            if left + self.hysteresis < effective:
                effective = left // self.increment * self.increment
            epoch = halfway + 1
        return min(held, lost + self.missed_gwei(effective) * (end - epoch))

    def missed_gwei(self, effective: int) -> int:
        """Penalties of an epoch without attestations; a late head costs nothing."""
        reward = effective // self.increment * self.base_reward
        return sum(reward * weight // self.weight_sum for weight in self.weights)

    def shared_gwei(self, epoch: int, halfway: int) -> int:
        """For each increment, by all that is known to be slashed and still counts at `halfway`."""
        vector = len(self.slashings_gwei)
        first = min(max(halfway, epoch) - vector + 1, epoch + 1)
        known = int(self.slashings_gwei[np.arange(max(first, 0), epoch + 1) % vector].sum())
        shared = min(known * self.multiplier, self.total_gwei)
        return shared // (self.total_gwei // self.increment)


def _total_gwei(spec: Spec, epoch: int, validators: NDArray[np.void]) -> int:
    """Return the effective balance of active validators, less the slashed, which are leaving."""
    active = (validators["activation_epoch"] <= epoch) & (validators["exit_epoch"] > epoch)
    staying = active & (validators["slashed"] == 0)
    total = int(validators["effective_balance"][staying].sum(dtype=np.uint64))
    return max(total, int(spec.EFFECTIVE_BALANCE_INCREMENT))
