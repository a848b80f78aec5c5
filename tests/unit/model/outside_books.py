"""The world seen from outside: real ether and a consensus layer, counted without any rule of Keel.

Every term of ACC-1 is kept here as plain ether in and out, so that the identity is a statement
about two independent counts.
"""

from dataclasses import dataclass, field
from fractions import Fraction

from keel.model.constants import CLAIM_SCALE, ETHER, GWEI, VALIDATOR_DEPOSIT_WEI
from keel.model.protocol import Protocol
from keel.model.report import Report
from tests.unit.model.worlds import FRAME, FRAME_SLOTS, GEOMETRY


@dataclass
class OutsideBooks:
    """`stakes` holds (time, wei); `seen` is the last reference slot as the committee saw it."""

    now: int
    buffered_wei: int
    seen: Report
    consensus_wei: int = 0
    reported_wei: int = 0
    ref_time: int = 0
    swept_pending_wei: int = 0
    stakes: list[tuple[int, int]] = field(default_factory=list)

    def staked(self, validators: int) -> None:
        """31 ETH each leave the vault for validators to which operators brought 1 ETH."""
        wei = validators * VALIDATOR_DEPOSIT_WEI
        self.buffered_wei -= validators * 31 * ETHER
        self.consensus_wei += wei
        self.stakes.append((self.now, wei))

    def pass_time(self, world: Protocol, seconds: int) -> None:
        """Move on, looking at the consensus layer when a frame ends on the way."""
        self.now += seconds
        slot = GEOMETRY.newest_reference_slot(self.now)
        if slot > self.seen.ref_slot:
            self.look(world, slot)

    def look(self, world: Protocol, slot: int) -> None:
        """Write the report for a slot at which nothing has happened since."""
        later = sum(wei for time, wei in self.stakes if time > GEOMETRY.time_of(slot))
        validators = sum(wei for _, wei in self.stakes) - later
        self.seen = Report(
            ref_slot=slot,
            consensus_balance_gwei=(self.consensus_wei - later) // GWEI,
            withdrawal_vault_balance_wei=world.withdrawal_vault_wei,
            rewards_vault_balance_wei=world.rewards_vault_wei,
            active_validators=validators // VALIDATOR_DEPOSIT_WEI,
        )

    def reported(self, report: Report) -> None:
        """A report was applied."""
        self.reported_wei = report.consensus_balance_gwei * GWEI
        self.ref_time = GEOMETRY.time_of(report.ref_slot)
        self.swept_pending_wei = 0

    def swept(self, wei: int) -> None:
        """Ether came in without a report: it counts no more as reported, nor as staked since."""
        self.buffered_wei += wei
        self.swept_pending_wei += max(0, wei - self.reported_wei)
        self.reported_wei = max(0, self.reported_wei - wei)

    def wound_down(self, wei: int) -> None:
        """Nothing counts as staked any more, and so much more ether is in the vault."""
        self.buffered_wei += wei
        self.swept_pending_wei += self.pending_wei
        self.reported_wei = 0

    @property
    def pending_wei(self) -> int:
        """P: staked after the last reported slot."""
        staked = sum(wei for time, wei in self.stakes if time > self.ref_time)
        return staked - self.swept_pending_wei

    @property
    def next_frame_in(self) -> int:
        """Seconds to the next reference slot."""
        return GEOMETRY.time_of(self.seen.ref_slot + FRAME_SLOTS) - self.now


def owed_ticket_by_ticket(world: Protocol) -> int:
    """Q from the tickets one by one, as exact fractions."""
    queue = world.queue
    owed = Fraction(0)
    for ticket_id in range(queue.finalised + 1, len(queue.tickets) + 1):
        claims = queue.cumulative(ticket_id) - queue.cumulative(ticket_id - 1)
        owed += Fraction(claims * queue.index, CLAIM_SCALE)
    return -(-owed.numerator // owed.denominator)


__all__ = ["FRAME", "OutsideBooks", "owed_ticket_by_ticket"]
