"""When a reference slot is reported (STA-1, REP-1) and whose turn it is to post. Pure.

Every time is a Unix second. Members stand in ascending order, rotated by one place each frame, so
that all pay for reports in turn. Every member counts from the slot in which it had all it needs
itself; nobody waits for word from the one before, who may be dead.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from keel.model.frames import FrameGeometry


@dataclass(frozen=True, slots=True)
class Timetable:
    """Frames, and how old a reference slot must be for its report."""

    geometry: FrameGeometry
    finality_seconds: int

    def reportable_slot(self, now: int) -> int | None:
        """The newest reference slot that is old enough, the only one the oracle takes (REP-1)."""
        slot = self.geometry.newest_reference_slot(now - self.finality_seconds)
        return slot if slot >= 0 else None

    def reportable_at(self, ref_slot: int) -> int:
        """From when on the oracle takes a report of this slot."""
        return self.geometry.time_of(ref_slot) + self.finality_seconds

    def deadline(self, ref_slot: int) -> int:
        """When the next slot's report takes its place; the same for all who sign."""
        return self.reportable_at(ref_slot) + self.geometry.frame_seconds

    def slot_at(self, now: int) -> int:
        """Slot of a moment."""
        return (now - self.geometry.genesis_time) // self.geometry.seconds_per_slot

    def takes_ballots(self, ref_slot: int, now: int) -> bool:
        """Whether ballots of a slot are of use: it is reported now, or next.

        The next one too, since a peer may have seen a newer block.
        """
        if not self.geometry.is_reference_slot(ref_slot):
            return False
        reportable = self.reportable_slot(now)
        first = self.geometry.frame_slots - 1 if reportable is None else reportable
        return first <= ref_slot <= first + self.geometry.frame_slots


def posting_order(members: Iterable[str], ref_slot: int, frame_slots: int) -> tuple[str, ...]:
    """All members, the one whose turn it is first."""
    ascending = sorted(members, key=lambda member: int(member, 16))
    first = ref_slot // frame_slots % len(ascending) if ascending else 0
    return (*ascending[first:], *ascending[:first])


def posting_slot(order: tuple[str, ...], member: str, postable_since: int, turn_slots: int) -> int:
    """First slot in which a member may post; raises ValueError for somebody else."""
    return postable_since + order.index(member) * turn_slots
