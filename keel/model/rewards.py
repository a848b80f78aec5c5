"""Operators' part of the fees.

OPR-4: leaves are cumulative shares; a claim pays leaf less claimed, and all claims together never
take more than reports minted for operators.
OPR-5, COM-3: what reports minted and no leaf has yet is divided by operators' weights times their
commissions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from keel.model.errors import NothingToClaim, RewardsAboveMinted


@dataclass(frozen=True)
class RewardPool:
    """Shares minted for operators and what each has claimed."""

    minted_shares: int = 0
    claimed_shares: Mapping[int, int] = field(default_factory=dict)

    @property
    def unclaimed_shares(self) -> int:
        """What all further claims together can take."""
        return self.minted_shares - sum(self.claimed_shares.values())


def distribute(
    cumulative: Mapping[int, int], minted_shares: int, weights: Mapping[int, int]
) -> dict[int, int]:
    """Return the next cumulative shares by operator.

    What was minted and is in no leaf yet goes to operators by these weights, rounded down; the
    remainder waits for the next report, as does everything while all weights are 0.
    """
    undistributed = minted_shares - sum(cumulative.values())
    total_weight = sum(weights.values())
    added = {
        operator_id: undistributed * weight // total_weight
        for operator_id, weight in weights.items()
        if total_weight
    }
    return {
        operator_id: cumulative.get(operator_id, 0) + added.get(operator_id, 0)
        for operator_id in sorted({*cumulative, *weights})
    }


def claim_reward(
    pool: RewardPool, operator_id: int, cumulative_shares: int
) -> tuple[RewardPool, int]:
    """Pay an operator's leaf less what it claimed, in full; raises Refused."""
    claimed = pool.claimed_shares.get(operator_id, 0)
    shares = cumulative_shares - claimed
    if shares <= 0:
        raise NothingToClaim(operator_id)
    if shares > pool.unclaimed_shares:
        raise RewardsAboveMinted(operator_id, shares, pool.unclaimed_shares)
    after = {**pool.claimed_shares, operator_id: claimed + shares}
    return replace(pool, claimed_shares=after), shares
