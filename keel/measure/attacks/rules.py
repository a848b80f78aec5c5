"""Other rules to compare with: those of before, those first proposed, and each one left out."""

from typing import override

from keel.measure.attacks.books import CAP, FRAME, MEMBERS
from keel.measure.attacks.pool import FEE_BPS, Pool
from keel.model.constants import (
    BPS,
    DAY,
    DEAD_FRAMES,
    INSOLVENT_SHARES_PER_WEI,
    RAY,
    STALE_FRAMES,
)
from keel.model.rounding import ceil_div
from keel.model.waterfall import LossShared

GROWTH_RAY_PER_DAY = RAY // 10 // 365
GROWTH_BOUND_BPS = 500
LOSS_LIMIT_BPS = 100
COVER_BPS = 9_500
MAX_STREAM_SECONDS = 30 * DAY


class Before(Pool):
    """Growth limits, ether that waits in vaults, announcements without amount."""

    max_fee_ray_per_day = 2 * RAY // BPS
    feeless_wei = 0

    @override
    def rule_deposits_open(self) -> bool:
        solvent = self.visible_wei() * INSOLVENT_SHARES_PER_WEI >= self.total_shares
        return solvent and not self.announced_at and self.age_frames() < STALE_FRAMES

    @override
    def rule_stake_capacity_wei(self) -> int:
        return 2**88

    @override
    def rule_cover_bps(self) -> int:
        return COVER_BPS

    @override
    def rule_loss_capacity_wei(self) -> int:
        return LOSS_LIMIT_BPS * (self.backing_wei + self.owed_wei()) // BPS

    @override
    def rule_drawn(self, loss: int, unvested: int) -> int:
        return loss

    @override
    def rule_base_wei(self, visible: int, consensus_wei: int, seconds: int) -> int:
        return visible

    @override
    def rule_length(self, unvested: int, added: int, covered: int, base: int) -> int:
        if unvested + added == 0:
            return 0
        if base == 0:
            return MAX_STREAM_SECONDS
        capped = ceil_div((unvested + added) * DAY * RAY, CAP * base)
        return min(max(FRAME, covered, capped), MAX_STREAM_SECONDS)

    @override
    def rule_fee(self, profit: int, most: int) -> int:
        fee = FEE_BPS * max(0, profit - self.feeless_wei - self.loss_carry_wei) // BPS
        self.loss_carry_wei = max(0, self.loss_carry_wei - profit)
        return min(fee, most)

    @override
    def rule_held_wei(self, growth: int, signers: int) -> int | None:
        total = self.backing_wei + self.owed_wei()
        excess = max(0, growth - GROWTH_RAY_PER_DAY * self.rate_seconds() * total // (DAY * RAY))
        held = min(excess, self.arrived_wei)
        self.feeless_wei = excess - held
        within = growth - held <= GROWTH_BOUND_BPS * total // BPS
        return held if within or self.rule_announced(growth, 0, signers) else None

    @override
    def rule_announced(self, drawn: int, allowance: int, signers: int) -> bool:
        if not self.announced_at:
            self.announced_at, self.announced_wei = self.now, drawn
            return False
        needed = ceil_div(2 * MEMBERS, 3)
        return self.now >= self.announced_at + FRAME and signers >= needed

    @override
    def rule_counted_wei(self, seen_wei: int) -> int:
        return seen_wei

    @override
    def rule_reopening(self) -> None:
        """Deposits opened at once."""

    @override
    def rule_dead_exit_open(self) -> bool:
        return self.age_frames() >= DEAD_FRAMES and not self.announced_at

    @override
    def rule_sweepable_wei(self) -> int:
        return min(self.arrived_wei, self.consensus_wei)


class ReportedBase(Pool):
    """Without K: the cap counts from the smaller of V and the C that the report itself names."""

    @override
    def rule_base_wei(self, visible: int, consensus_wei: int, seconds: int) -> int:
        return min(visible, consensus_wei)


class WholeMean(Pool):
    """Times left count in full in the mean, and the rate of before is always allowed."""

    @override
    def rule_length(self, unvested: int, added: int, covered: int, base: int) -> int:
        total, left = unvested + added, max(0, self.stream_end - self.now)
        if not total or self.insolvent:
            return super().rule_length(unvested, added, covered, base)
        mean = ceil_div(unvested * left + added * max(FRAME, covered), total)
        by_cap = ceil_div(total * DAY * RAY, CAP * base) if base else 2**48 - 1
        by_rate = ceil_div(total * left, unvested) if unvested else by_cap
        return min(max(mean, min(by_cap, by_rate)), 2**48 - 1)


class WideBucket(Pool):
    """A loss bucket of 1 %."""

    @override
    def rule_loss_capacity_wei(self) -> int:
        return LOSS_LIMIT_BPS * (self.visible_wei() + self.owed_wei()) // BPS


class WholeBucket(Pool):
    """The loss bucket counts from A + Q, unvested rewards included."""

    @override
    def rule_loss_capacity_wei(self) -> int:
        return LOSS_LIMIT_BPS * (self.backing_wei + self.owed_wei()) // BPS


class OneAnnouncement(Pool):
    """No second announcement before the next applied report."""

    @override
    def rule_announced(self, loss: int, allowance: int, signers: int) -> bool:
        if self.announced_at and self.now >= self.announced_at + 3 * FRAME:
            return False
        if self.announced_at and loss > self.announced_wei + allowance:
            return False
        return super().rule_announced(loss, allowance, signers)


class CountedBalance(Pool):
    """Without ACC-4: what an insolvent vault's validators are said to be worth is income."""

    @override
    def rule_counted_wei(self, seen_wei: int) -> int:
        return seen_wei


class OpenDeposits(Pool):
    """Without LIM-4."""

    @override
    def rule_deposits_open(self) -> bool:
        if self.insolvent or self.announced_at or self.now < self.deposits_open_from:
            return False
        return self.age_frames() < STALE_FRAMES


class FreeStaking(Pool):
    """Staking without a bound."""

    @override
    def rule_stake_capacity_wei(self) -> int:
        return 2**88


class CarriedLosses(Pool):
    """The loss carry of before: every loss counts, whether the stream bore it or not."""

    @override
    def rule_fee(self, profit: int, most: int) -> int:
        fee = FEE_BPS * max(0, profit - self.loss_carry_wei) // BPS
        self.loss_carry_wei = max(0, self.loss_carry_wei - profit)
        return min(fee, most)


class StreamLosses(CarriedLosses):
    """Only what the stream did not bear of a loss is carried."""

    @override
    def rule_carry(self, loss: int, shared: LossShared) -> None:
        self.loss_carry_wei += loss - shared.unvested_loss_wei - shared.cover_wei


class Proposed(
    ReportedBase,
    WholeMean,
    WholeBucket,
    OneAnnouncement,
    CountedBalance,
    OpenDeposits,
    CarriedLosses,
):
    """The rules as first proposed."""
