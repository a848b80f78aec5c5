"""A vault in one mutable value with whole frames as steps, for thousands of histories.

It calls the rules of the model (streams, waterfall, buckets, fees), and a test holds it to the
model to the wei. Ether that hostile reports only claim to see is kept apart from the real one.
Methods that start with `rule_` are those in which rules under comparison differ.
"""

from keel.deploy.profiles import MAINNET
from keel.model.bounded.report import fee_of
from keel.model.bounded.stream import capped_wei, record_wei, stream_seconds
from keel.model.bounded.waterfall import LossShared, share_loss
from keel.model.constants import (
    ANNOUNCEMENT_FRAMES,
    BPS,
    DEAD_FRAMES,
    ETHER,
    INSOLVENT_SHARES_PER_WEI,
    MAX_COVERED_FRAMES,
    RAY,
    REOPENING_FRAMES,
    SHARES_PER_UNIT,
    SHARES_PER_WEI,
    STALE_FRAMES,
    SWEEP_FRAMES,
    UNPROVEN_COVER_BPS,
    UNVESTED_FLOOR_WEI,
    UNVESTED_LIMIT_BPS,
    VALIDATOR_DEPOSIT_WEI,
)
from keel.model.limits import available, emptied, take
from keel.model.queue import normalise_up, owed_up
from keel.model.rounding import ceil_div

FRAME = MAINNET.frame_seconds
FINALITY = MAINNET.finality_seconds
CAP = MAINNET.stream_cap_ray_per_day
MAX_FEE_RAY_PER_DAY = 5 * RAY // 100_000
STAKE_LIMIT_BPS = 100
STAKE_FLOOR_WEI = 1_024 * ETHER
QUORUM = 3
MEMBERS = 5

VICTIMS, ATTACKER, FEES, FUND = range(4)
"""Holders; fees are what treasury and operators got."""


class Pool:
    """Books, holders' shares, tickets and the truth about the beacon chain; amounts in wei.

    `true_wei` is what our validators are worth, `arrived_wei` what the two vaults hold.
    """

    announced_quorum = min(MEMBERS, QUORUM + 1)
    max_fee_ray_per_day = MAX_FEE_RAY_PER_DAY

    def __init__(self, staked_wei: int, buffer_wei: int, fund_wei: int = 0) -> None:
        """Of victims alone, `fund_wei` of it insured; the reference slot is now."""
        total = staked_wei + buffer_wei
        self.now = self.ref_time = self.slot_time = 10**9 // FRAME * FRAME
        self.shares = [0, 0, 0, 0]
        self.shares[FUND] = fund_wei * SHARES_PER_WEI // SHARES_PER_UNIT * SHARES_PER_UNIT
        self.total_shares = total * SHARES_PER_WEI
        self.shares[VICTIMS] = self.total_shares - self.shares[FUND]
        self.backing_wei = total
        self.stream_wei = self.stream_end = self.stream_length = 0
        self.consensus_wei = self.record_wei = self.true_wei = staked_wei
        self.pending_wei = self.arrived_wei = 0
        self.normalised, self.index = 0, RAY
        self.tickets: list[tuple[int, int, int, int]] = []
        self.paid_wei = [0, 0, 0, 0]
        self.loss_carry_wei = 0
        self.insolvent = False
        self.losses_full_at = self.stakes_full_at = 0
        self.announced_at = self.announced_wei = 0
        self.deposits_open_from = self.moved_at = 0
        self.fees_wei = 0

    # ---- reading

    def unvested_wei(self) -> int:
        """U."""
        left = self.stream_end - self.now
        return ceil_div(self.stream_wei * left, self.stream_length) if left > 0 else 0

    def visible_wei(self) -> int:
        """V."""
        return self.backing_wei - self.unvested_wei()

    def owed_wei(self) -> int:
        """Q."""
        return owed_up(self.normalised, self.index)

    def buffer_wei(self) -> int:
        """B."""
        return self.backing_wei + self.owed_wei() - self.consensus_wei - self.pending_wei

    def worth_wei(self, holder: int) -> int:
        """Ether of a holder if the truth came to light now: paid, in tickets, and by shares."""
        owed = self.owed_wei()
        real = self.buffer_wei() + self.true_wei + self.arrived_wei
        waiting = sum(ticket[2] for ticket in self.tickets if ticket[0] == holder)
        by_shares = max(0, real - owed) * self.shares[holder] // self.total_shares
        return self.paid_wei[holder] + min(real, owed_up(waiting, self.index)) + by_shares

    def age_frames(self) -> int:
        """Whole frames since the last applied reference slot."""
        return (self.now - self.ref_time) // FRAME

    # ---- users and keepers

    def rule_deposits_open(self) -> bool:
        """ACC-3, STA-3, LIM-4."""
        if self.insolvent or self.announced_at or self.now < self.deposits_open_from:
            return False
        unvested = self.unvested_wei()
        visible = self.backing_wei - unvested
        most = max(UNVESTED_LIMIT_BPS * visible // BPS, UNVESTED_FLOOR_WEI)
        return unvested <= most and self.age_frames() < STALE_FRAMES

    def deposit(self, holder: int, wei: int) -> bool:
        """Mint; False when closed."""
        if not self.rule_deposits_open():
            return False
        minted = wei * self.total_shares // self.visible_wei()
        self.shares[holder] += minted
        self.total_shares += minted
        self.backing_wei += wei
        return True

    def request(self, holder: int, wei: int) -> None:
        """Burn shares for a ticket, at most all that they are worth (QUE-1)."""
        visible = self.visible_wei()
        wei = min(wei, self.shares[holder] * visible // self.total_shares - 1)
        if wei <= 0 or visible * INSOLVENT_SHARES_PER_WEI < self.total_shares:
            return
        before = self.owed_wei()
        claims = normalise_up(wei, self.index)
        self.normalised += claims
        growth = self.owed_wei() - before
        burned = ceil_div(growth * self.total_shares, visible)
        self.shares[holder] -= burned
        self.total_shares -= burned
        self.backing_wei -= growth
        self.tickets.append((holder, wei, claims, self.now))

    def leave(self, holder: int) -> None:
        """Request all."""
        self.request(holder, 2**88)

    def rule_stake_capacity_wei(self) -> int:
        """LIM-3."""
        bearing = self.visible_wei() + self.owed_wei()
        return max(STAKE_LIMIT_BPS * bearing // BPS, STAKE_FLOOR_WEI)

    def stake(self) -> None:
        """Whole validators of what the queue does not need (STA-6)."""
        free = self.buffer_wei() - self.owed_wei()
        if self.age_frames() >= STALE_FRAMES or self.announced_at or free <= 0:
            return
        capacity = self.rule_stake_capacity_wei()
        wei = min(free, available(self.stakes_full_at, self.now, capacity, FRAME))
        wei = wei // VALIDATOR_DEPOSIT_WEI * VALIDATOR_DEPOSIT_WEI
        self.stakes_full_at = take(self.stakes_full_at, self.now, wei, capacity, FRAME)
        self.pending_wei += wei
        self.true_wei += wei

    def withdraw(self, wei: int) -> None:
        """Validators pay out; the ether reaches WithdrawalVault."""
        wei = min(wei, self.true_wei)
        self.true_wei -= wei
        self.arrived_wei += wei

    def end_frame(self, frames: int = 1, delay: int = FINALITY) -> None:
        """To the next reference slot, and on to when its report is posted."""
        self.slot_time += frames * FRAME
        self.now = self.slot_time + delay

    # ---- reports

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
        fee, self.loss_carry_wei = fee_of(MAINNET.fee_bps, profit, self.loss_carry_wei, most)
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
            insured = minted * MAINNET.insurance_bps // BPS // SHARES_PER_UNIT * SHARES_PER_UNIT
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
        elif not self.rule_announced(drawn, allowance, signers):
            return False
        else:
            self.losses_full_at = emptied(self.now, period)
            self.rule_reopening()
        self.absorb(loss, unvested)
        return True

    def rule_drawn(self, loss: int, unvested: int) -> int:
        """What a loss takes of the bucket (LIM-3)."""
        return max(0, loss - unvested)

    def rule_announced(self, drawn: int, allowance: int, signers: int) -> bool:
        """Whether an announcement allows this loss now; otherwise announce it (REP-8)."""
        ends_at = self.announced_at + ANNOUNCEMENT_FRAMES * FRAME
        if self.now >= ends_at or drawn > self.announced_wei + allowance:
            self.announced_at, self.announced_wei = self.now, drawn
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
