"""A vault's books in one mutable value with whole frames as steps, for thousands of histories.

Ether that hostile reports only claim to see is kept apart from the real one. Methods that start
with `rule_` are those in which rules under comparison differ.
"""

from keel.deploy.profiles import MAINNET
from keel.model.constants import (
    BPS,
    INSOLVENT_INDEX,
    INSOLVENT_SHARES_PER_WEI,
    PREDEPOSIT_WEI,
    RAY,
    SHARES_PER_UNIT,
    SHARES_PER_WEI,
    STALE_FRAMES,
    TOP_UP_WEI,
    UNVESTED_FLOOR_WEI,
    UNVESTED_LIMIT_BPS,
    VALIDATOR_DEPOSIT_WEI,
)
from keel.model.limits import available, take
from keel.model.queue import normalise_down, owed_up
from keel.model.rounding import ceil_div

FRAME = MAINNET.frame_seconds
FINALITY = MAINNET.finality_seconds
CAP = MAINNET.stream_cap_ray_per_day
QUORUM = 3
MEMBERS = 5

VICTIMS, ATTACKER, FEES, FUND, BONDS = range(5)
"""Holders; fees are what treasury and operators got, bonds what operators brought (KEY-6)."""


class Books:
    """Books, holders' shares, tickets and the truth about the beacon chain; amounts in wei.

    `true_wei` is what our validators are worth, `arrived_wei` what the two vaults hold.
    """

    def __init__(self, staked_wei: int, buffer_wei: int, fund_wei: int = 0) -> None:
        """Of victims alone, `fund_wei` of it insured; the reference slot is now."""
        total = staked_wei + buffer_wei
        self.now = self.ref_time = self.slot_time = 10**9 // FRAME * FRAME
        self.shares = [0] * 5
        self.shares[FUND] = fund_wei * SHARES_PER_WEI // SHARES_PER_UNIT * SHARES_PER_UNIT
        self.total_shares = total * SHARES_PER_WEI
        self.shares[VICTIMS] = self.total_shares - self.shares[FUND]
        self.backing_wei = total
        self.stream_wei = self.stream_end = self.stream_length = 0
        self.consensus_wei = self.record_wei = self.true_wei = staked_wei
        self.pending_wei = self.arrived_wei = 0
        self.normalised, self.index = 0, RAY
        self.tickets: list[tuple[int, int, int, int]] = []
        self.paid_wei = [0] * 5
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
        low = visible * INSOLVENT_SHARES_PER_WEI < self.total_shares
        if wei <= 0 or low or self.index < INSOLVENT_INDEX:
            return
        before = self.owed_wei()
        claims = normalise_down(wei, self.index)
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
        on_record = self.record_wei + self.pending_wei
        return max(MAINNET.stake_limit_bps * on_record // BPS, MAINNET.stake_floor_wei)

    def stake(self) -> None:
        """Whole validators of what the queue does not need (STA-6), and their bonds (KEY-6)."""
        free = self.buffer_wei() - self.owed_wei()
        closed = self.insolvent or self.announced_at or self.age_frames() >= STALE_FRAMES
        if closed or self.now < self.deposits_open_from or free <= 0:
            return
        capacity = self.rule_stake_capacity_wei()
        room = available(self.stakes_full_at, self.now, capacity, FRAME)
        validators = min(free // TOP_UP_WEI, room // VALIDATOR_DEPOSIT_WEI)
        wei = validators * VALIDATOR_DEPOSIT_WEI
        self.stakes_full_at = take(self.stakes_full_at, self.now, wei, capacity, FRAME)
        self.pending_wei += wei
        self.true_wei += wei
        par = self.total_shares // SHARES_PER_WEI
        worth = max(self.visible_wei(), min(self.backing_wei, par))
        each = PREDEPOSIT_WEI * self.total_shares // worth
        minted = validators * (each - each % SHARES_PER_UNIT)
        self.shares[BONDS] += minted
        self.total_shares += minted
        self.backing_wei += validators * PREDEPOSIT_WEI

    def withdraw(self, wei: int) -> None:
        """Validators pay out; the ether reaches WithdrawalVault."""
        wei = min(wei, self.true_wei)
        self.true_wei -= wei
        self.arrived_wei += wei

    def end_frame(self, frames: int = 1, delay: int = FINALITY) -> None:
        """To the next reference slot, and on to when its report is posted."""
        self.slot_time += frames * FRAME
        self.now = self.slot_time + delay
