"""Who posts a report, and when the next member takes over. Pure.

Members stand in ascending order, rotated by one place each frame, so that all pay for reports in
turn. Every member counts from the slot in which it had all it needs itself; nobody waits for word
from the one before, who may be dead.
"""

from collections.abc import Iterable


def posting_order(members: Iterable[str], ref_slot: int, frame_slots: int) -> tuple[str, ...]:
    """All members, the one whose turn it is first."""
    ascending = sorted(members, key=lambda member: int(member, 16))
    first = ref_slot // frame_slots % len(ascending) if ascending else 0
    return (*ascending[first:], *ascending[:first])


def posting_slot(order: tuple[str, ...], member: str, postable_since: int, turn_slots: int) -> int:
    """First slot in which a member may post; raises ValueError for somebody else."""
    return postable_since + order.index(member) * turn_slots
