"""`Rebased` events that reports made: a wind-down makes one too, and is no report (STA-8)."""

from collections.abc import Iterable, Iterator
from typing import Protocol


class Named(Protocol):
    """An event."""

    @property
    def name(self) -> str:
        """The event's name."""


def reported[E: Named](events: Iterable[E]) -> Iterator[E]:
    """The `Rebased` of reports; events of the vault in the chain's order, others are passed over.

    That of a wind-down is the first one after its `WoundDown`, in the same call.
    """
    is_wound_down = False
    for event in events:
        if event.name == "WoundDown":
            is_wound_down = True
        elif event.name == "Rebased":
            if not is_wound_down:
                yield event
            is_wound_down = False
