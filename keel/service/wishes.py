"""What others ask of a service while it works or pauses."""

import threading


class Wishes:
    """To end, or to look for a new head at once; asked from any thread, obeyed by the loop."""

    def __init__(self) -> None:
        self._has_to_end = False
        self._asked = threading.Event()

    @property
    def has_to_end(self) -> bool:
        """Whether the service is to end; nobody takes that back."""
        return self._has_to_end

    def end(self) -> None:
        """Ask it to end."""
        self._has_to_end = True
        self._asked.set()

    def look(self) -> None:
        """Ask for one more step at once, also when one is under way."""
        self._asked.set()

    def pause(self, seconds: float) -> None:
        """Wait so long, or until something is asked; returns at once if it was since the last."""
        self._asked.wait(seconds)
        self._asked.clear()
