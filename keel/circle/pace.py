"""Fast-forward no faster than reporters and keepers follow."""

import contextlib
from collections.abc import Callable

from keel.circle.circle import Circle
from keel.circle.errors import LaggingError, ProcessError
from keel.consensus.beacon.outcome import SlotOutcome

_PATIENCE_SECONDS = 20.0


class Pace:
    """Called after each slot of a fast-forward, so that no frame is lost by it.

    The processes are waited for once an epoch and whenever a report is due. One that does not
    follow within 20 s, or has ended, is left behind. `look` sees to those that have ended.
    """

    def __init__(self, circle: Circle, look: Callable[[], None]) -> None:
        self._circle = circle
        self._look = look

    def __call__(self, outcome: SlotOutcome) -> None:
        """Give the processes the time they need after a slot."""
        self._look()
        circle = self._circle
        is_epoch = outcome.slot % int(circle.chain.spec.SLOTS_PER_EPOCH) == 0
        if is_epoch or circle.due_ref_slot() is not None:
            with contextlib.suppress(LaggingError, ProcessError):
                circle.settle(_PATIENCE_SECONDS)
