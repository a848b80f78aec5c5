"""Turns between the one who changes a chain and those who read it from other threads."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock, reentrant in its thread, that is given in order of arrival.

    An ordinary lock would let a chain that steps without a pause take it again and again.
    """

    def __init__(self) -> None:
        self._arrival = threading.Lock()
        self._turn = threading.Lock()
        self._holder: int | None = None

    @contextmanager
    def taking(self) -> Iterator[None]:
        """Wait for the turn and hold it inside."""
        thread = threading.get_ident()
        if self._holder == thread:
            yield
            return
        with self._arrival:
            # Kept beyond this block, which only orders those who wait.
            self._turn.acquire()
        self._holder = thread
        try:
            yield
        finally:
            self._holder = None
            self._turn.release()
