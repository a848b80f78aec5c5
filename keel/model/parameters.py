"""What a deployment chooses; every name says its unit. Bounds that rules rely on are checked.

LIM-3: capacities of deposits and instant redemptions are in ether a day; that of losses is a part
of V + Q over its own period, that of staking a part of K + P, at least an amount, in a frame. The
other rules name the parameter they use.
"""

from dataclasses import dataclass

from keel.model.constants import BPS, MOST_FEE_BPS
from keel.model.frames import FrameGeometry


@dataclass(frozen=True)
class Parameters:
    """Raises ValueError for a value with which a rule would have no meaning."""

    geometry: FrameGeometry
    finality_seconds: int
    members: int
    quorum: int

    deposit_limit_wei: int
    instant_limit_wei: int
    loss_limit_bps: int
    loss_period_seconds: int

    stake_limit_bps: int
    stake_floor_wei: int

    fee_bps: int
    max_fee_ray_per_day: int
    insurance_bps: int
    stream_cap_ray_per_day: int

    min_ticket_wei: int
    max_ticket_wei: int
    instant_min_fee_bps: int
    instant_max_fee_bps: int
    instant_target_wei: int

    cooldown_seconds: int
    bond_cooldown_seconds: int
    window_seconds: int
    max_pause_seconds: int

    def __post_init__(self) -> None:
        bounds = {
            "quorum": self.members // 2 < self.quorum <= self.members,
            "fee_bps": 0 <= self.fee_bps <= MOST_FEE_BPS,
            "insurance_bps": 0 <= self.insurance_bps <= BPS,
            "stream_cap_ray_per_day": self.stream_cap_ray_per_day > 0,
            "min_ticket_wei": 0 < self.min_ticket_wei <= self.max_ticket_wei,
            "instant fees": 0 <= self.instant_min_fee_bps <= self.instant_max_fee_bps <= BPS,
            "instant_target_wei": self.instant_target_wei >= 0,
        }
        wrong = [name for name, holds in bounds.items() if not holds]
        if wrong:
            raise ValueError(f"out of bounds: {', '.join(wrong)}")

    @property
    def announced_quorum(self) -> int:
        """Signatures for a loss beyond the bucket: one more than the quorum (REP-8)."""
        return min(self.members, self.quorum + 1)
