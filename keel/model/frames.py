"""Frames, states and what is open in each.

STA-1: reference slots end frames that are counted from the beacon chain's genesis.
STA-2: dead after 14 frames without a report, stale after 3, announced while a report waits, slashed
while one that counts proven slashings is due (STA-7), awaiting once a newer reference slot has been
reached, otherwise normal; the first that holds.
STA-3: the table of what is open, as data.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum

from keel.model.constants import DEAD_FRAMES, STALE_FRAMES
from keel.model.rounding import ceil_div

_GRACE_SLOTS = 8
_GRACE_PARTS = 32


class State(IntEnum):
    """Numbered as in the contracts (STA-2)."""

    NORMAL = 0
    AWAITING = 1
    SLASHED = 2
    ANNOUNCED = 3
    STALE = 4
    DEAD = 5


class Action(IntEnum):
    """What can be paused (STA-4); the vault numbers the first two."""

    DEPOSIT = 0
    STAKING = 1
    INSTANT_REDEMPTION = 2


class Deed(Enum):
    """Rows of STA-3's table."""

    DEPOSIT = "deposit"
    STAKE = "stake"
    MOVE = "request, transfer, wrap"
    INSTANT_REDEMPTION = "instant redemption"
    UNDERWRITERS_EXIT = "underwriters' exit"
    BOND_PAYMENT = "payment of a bond"
    FINALISE = "finalise"
    SWEEP = "sweep"
    WIND_DOWN = "wind down"
    CLAIM = "claim"


class Opening(Enum):
    """Cells of STA-3's table."""

    YES = "yes"
    NO = "no"
    BY_REPORT = "by report"
    ANYONE = "anyone"


_YES, _NO, _REPORT, _ANYONE = Opening.YES, Opening.NO, Opening.BY_REPORT, Opening.ANYONE

OPENINGS: dict[Deed, dict[State, Opening]] = {
    deed: dict(zip(State, cells, strict=True))
    for deed, cells in {
        Deed.DEPOSIT: (_YES, _YES, _NO, _NO, _NO, _NO),
        Deed.STAKE: (_YES, _YES, _NO, _NO, _NO, _NO),
        Deed.MOVE: (_YES, _YES, _YES, _YES, _YES, _YES),
        Deed.INSTANT_REDEMPTION: (_YES, _NO, _NO, _NO, _NO, _NO),
        Deed.UNDERWRITERS_EXIT: (_YES, _NO, _NO, _NO, _NO, _NO),
        Deed.BOND_PAYMENT: (_YES, _NO, _NO, _NO, _NO, _YES),
        Deed.FINALISE: (_REPORT, _REPORT, _REPORT, _NO, _REPORT, _ANYONE),
        Deed.SWEEP: (_REPORT, _REPORT, _REPORT, _NO, _REPORT, _ANYONE),
        Deed.WIND_DOWN: (_NO, _NO, _NO, _NO, _NO, _ANYONE),
        Deed.CLAIM: (_YES, _YES, _YES, _YES, _YES, _YES),
    }.items()
}


def is_open(deed: Deed, state: State) -> bool:
    """Whether users may do it in this state."""
    return OPENINGS[deed][state] is Opening.YES


@dataclass(frozen=True)
class FrameGeometry:
    """The beacon chain's slots and times of frames."""

    genesis_time: int
    seconds_per_slot: int
    frame_slots: int

    @property
    def frame_seconds(self) -> int:
        """Length of a frame."""
        return self.seconds_per_slot * self.frame_slots

    @property
    def report_grace_seconds(self) -> int:
        """How long members may take to look, sign and post before a report counts as late."""
        return max(_GRACE_SLOTS * self.seconds_per_slot, self.frame_seconds // _GRACE_PARTS)

    def time_of(self, slot: int) -> int:
        """Timestamp of a slot."""
        return self.genesis_time + slot * self.seconds_per_slot

    def is_reference_slot(self, slot: int) -> bool:
        """Whether a frame ends with this slot (STA-1)."""
        return slot >= 0 and (slot + 1) % self.frame_slots == 0

    def frame_of(self, time: int) -> int:
        """Number of the frame that a moment belongs to; its reference slot is the last moment."""
        return ceil_div(time - self.genesis_time + self.seconds_per_slot, self.frame_seconds)

    def newest_reference_slot(self, now: int) -> int:
        """Newest reference slot whose time has come; negative before the first one."""
        slot = (now - self.genesis_time) // self.seconds_per_slot
        return (slot + 1) // self.frame_slots * self.frame_slots - 1


def state_at(
    now: int, ref_time: int, frame_seconds: int, *, announced: bool, slashed: bool
) -> State:
    """State of STA-2, `ref_time` being that of the last applied report."""
    age = now - ref_time
    if age >= DEAD_FRAMES * frame_seconds:
        return State.DEAD
    if age >= STALE_FRAMES * frame_seconds:
        return State.STALE
    if announced:
        return State.ANNOUNCED
    if slashed:
        return State.SLASHED
    return State.AWAITING if age >= frame_seconds else State.NORMAL
