"""Reports on the books, by the rules of the model: a test holds them to it to the wei."""

from keel.deploy.profiles import MAINNET, USUAL_COMMISSION_BPS
from keel.measure.attacks.books import (
    CAP,
    FEES,
    FRAME,
    FUND,
    MEMBERS,
    QUORUM,
    Books,
)
from keel.model.constants import (
    ANNOUNCEMENT_FRAMES,
    BPS,
    DEAD_FRAMES,
    INSOLVENT_SHARES_PER_WEI,
    MAX_COVERED_FRAMES,
    REOPENING_FRAMES,
    SHARES_PER_UNIT,
    SWEEP_FRAMES,
    UNPROVEN_COVER_BPS,
)
from keel.model.limits import available, emptied, take
from keel.model.queue import owed_up
from keel.model.report import fee_of
from keel.model.stream import capped_wei, record_wei, stream_seconds
from keel.model.waterfall import LossShared, share_loss

FEE_BPS = MAINNET.fee_bps + USUAL_COMMISSION_BPS
"""The protocol's part of profit and the operators'."""


class Pool(Books):
    """The rules of today.

    What it leaves out: instant redemption, limits of deposits, and stakes between a reference slot
    and its report.
    """

    announced_quorum = min(MEMBERS, QUORUM + 1)
    max_fee_ray_per_day = MAINNET.max_fee_ray_per_day

    def rule_cover_bps(self) -> int:
        """LOS-2."""
        return UNPROVEN_COVER_BPS

    def rule_loss_capacity_wei(self) -> int:
        """LIM-3."""
        return MAINNET.loss_limit_bps * (self.visible_wei() + self.owed_wei()) // BPS

    def rule_base_wei(self, visible: int, consensus_wei: int, seconds: int) -> int:
        """What the cap counts from; also writes K (STR-3, STR-5)."""
        self.record_wei = record_wei(
            self.record_wei, self.pending_wei, consensus_wei, cap_ray_per_day=CAP, seconds=seconds
        )
        return min(visible, self.record_wei)

    def rule_length(self, unvested: int, added: int, covered: int, base: int) -> int:
        """STR-3."""
        return stream_seconds(
            unvested,
            max(0, self.stream_end - self.now),
            added,
            frame_seconds=FRAME,
            covered_seconds=covered,
            cap_ray_per_day=CAP,
            base_wei=base,
            insolvent=self.insolvent,
        )

    def rule_fee(self, profit: int, most: int) -> int:
        """REP-5; also writes the loss carry."""
        fee, self.loss_carry_wei = fee_of(FEE_BPS, profit, self.loss_carry_wei, most)
        return fee

    def rule_carry(self, loss: int, shared: LossShared) -> None:
        """LOS-4."""
        self.loss_carry_wei += loss - shared.cover_wei

    def honest(self, signers: int = MEMBERS) -> bool:
        """Report the truth."""
        return self.report(self.true_wei, signers)

    def report(self, seen_wei: int, signers: int = QUORUM) -> bool:
        """Report a consensus balance and all that arrived; False unless it was applied."""
        if self.slot_time <= self.ref_time or self.slot_time <= self.moved_at:
            return False
        seen_wei = self.rule_counted_wei(seen_wei)
        change = seen_wei + self.arrived_wei - self.consensus_wei - self.pending_wei
        if change >= 0:
            held = self.rule_held_wei(change, signers)
            if held is None:
                return False
            self.earn(change - held, seen_wei)
        elif self.lose(-change, signers):
            held = 0
            self.rule_base_wei(0, seen_wei, self.rate_seconds())
        else:
            return False
        if self.arrived_wei > held:
            self.moved_at = self.now
        self.arrived_wei = held
        self.announced_at = self.announced_wei = 0
        self.consensus_wei, self.pending_wei = seen_wei, 0
        self.ref_time = self.slot_time
        self.finalise(self.slot_time)
        return True

    def rule_counted_wei(self, seen_wei: int) -> int:
        """What counts of the consensus balance (ACC-4)."""
        return min(seen_wei, self.consensus_wei + self.pending_wei) if self.insolvent else seen_wei

    def rule_held_wei(self, growth: int, signers: int) -> int | None:
        """What of this growth stays in the vaults; None if the report is not applied (REP-4)."""
        return 0 if growth >= 0 and signers >= QUORUM else None

    def rate_seconds(self) -> int:
        """REP-1."""
        return min(self.slot_time - self.ref_time, MAX_COVERED_FRAMES * FRAME)

    def earn(self, profit: int, seen_wei: int) -> None:
        """A report without a loss."""
        unvested = self.unvested_wei()
        visible = self.backing_wei - unvested
        seconds = self.rate_seconds()
        base = self.rule_base_wei(visible, seen_wei, seconds)
        fee = self.rule_fee(profit, capped_wei(self.max_fee_ray_per_day, seconds, base))
        if fee and visible:
            minted = fee * self.total_shares // visible
            rest = minted - minted * USUAL_COMMISSION_BPS // FEE_BPS
            insured = rest * MAINNET.insurance_bps // BPS // SHARES_PER_UNIT * SHARES_PER_UNIT
            self.shares[FUND] += insured
            self.shares[FEES] += minted - insured
            self.total_shares += minted
            self.fees_wei += fee
        length = self.rule_length(unvested, profit - fee, self.slot_time - self.ref_time, base)
        self.stream_wei = unvested + profit - fee
        self.stream_length, self.stream_end = length, self.now + length
        self.backing_wei += profit

    def lose(self, loss: int, signers: int) -> bool:
        """A report with a loss: announce it or share it."""
        unvested = self.unvested_wei()
        drawn = self.rule_drawn(loss, unvested)
        capacity = self.rule_loss_capacity_wei()
        period = MAINNET.loss_period_seconds
        allowance = available(self.losses_full_at, self.now, capacity, period)
        if drawn <= allowance:
            self.losses_full_at = take(self.losses_full_at, self.now, drawn, capacity, period)
        elif not self.rule_announced(loss, allowance, signers):
            return False
        else:
            self.losses_full_at = emptied(self.now, period)
            self.rule_reopening()
        self.absorb(loss, unvested)
        return True

    def rule_drawn(self, loss: int, unvested: int) -> int:
        """What a loss takes of the bucket (LIM-3)."""
        return max(0, loss - unvested)

    def rule_announced(self, loss: int, allowance: int, signers: int) -> bool:
        """Whether an announcement allows this loss now; otherwise announce it (REP-8)."""
        ends_at = self.announced_at + ANNOUNCEMENT_FRAMES * FRAME
        if self.now >= ends_at or loss > self.announced_wei + allowance:
            self.announced_at, self.announced_wei = self.now, loss
            return False
        return self.now >= self.announced_at + FRAME and signers >= self.announced_quorum

    def rule_reopening(self) -> None:
        """STA-3."""
        self.deposits_open_from = self.now + REOPENING_FRAMES * FRAME

    def absorb(self, loss: int, unvested: int) -> None:
        """LOS."""
        shared = share_loss(
            loss,
            total_shares=self.total_shares,
            visible_wei=self.backing_wei - unvested,
            unvested_wei=unvested,
            normalised=self.normalised,
            index=self.index,
            fund_units=self.shares[FUND] // SHARES_PER_UNIT,
            cover_bps=self.rule_cover_bps(),
        )
        burned = shared.cover_units * SHARES_PER_UNIT
        self.shares[FUND] -= burned
        self.total_shares -= burned
        left = unvested - shared.unvested_loss_wei
        self.stream_wei = left
        self.stream_length = max(0, self.stream_end - self.now) if left else 0
        self.stream_end = self.now + self.stream_length
        self.backing_wei = shared.visible_after_wei + left
        self.index = shared.index_after
        self.rule_carry(loss, shared)
        too_low = shared.visible_after_wei * INSOLVENT_SHARES_PER_WEI < self.total_shares
        self.insolvent = self.insolvent or too_low

    def finalise(self, requested_by: int) -> None:
        """Pay the longest prefix of tickets that B can pay (QUE-2); all claim at once."""
        while self.tickets and self.tickets[0][3] <= requested_by:
            holder, wei, claims, _ = self.tickets[0]
            cost = self.owed_wei() - owed_up(self.normalised - claims, self.index)
            if cost > self.buffer_wei():
                return
            self.normalised -= claims
            self.paid_wei[holder] += min(wei, owed_up(claims, self.index))
            self.tickets.pop(0)

    def rule_dead_exit_open(self) -> bool:
        """STA-3."""
        return self.age_frames() >= DEAD_FRAMES

    def dead_exit(self) -> None:
        """Anyone sweeps and finalises (STA-5, QUE-2)."""
        if not self.rule_dead_exit_open():
            return
        moved = self.rule_sweepable_wei()
        if moved and self.now >= self.moved_at + SWEEP_FRAMES * FRAME:
            self.pending_wei -= max(0, moved - self.consensus_wei)
            self.consensus_wei = max(0, self.consensus_wei - moved)
            self.arrived_wei -= moved
            self.moved_at = self.now
        self.finalise(self.now)

    def rule_sweepable_wei(self) -> int:
        """STA-5."""
        return min(self.arrived_wei, self.consensus_wei + self.pending_wei)
