"""Restart processes that end unexpectedly, and report it."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from keel.circle.process import Process

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
_SETTLED_SECONDS = 60.0


@dataclass
class _Watched:
    process: Process
    pause_seconds: float = _FIRST_PAUSE_SECONDS
    started_at: float = 0.0
    starts_at: float | None = None
    is_ready: bool = False


class Supervisor:
    """Looks after processes whenever `look` is called; `tell` hears a line for whatever happened.

    One that ends is started again after a pause, which doubles while it keeps ending.
    """

    def __init__(self, processes: Iterable[Process], tell: Callable[[str], None]) -> None:
        self._watched = [_Watched(process) for process in processes]
        self._tell = tell

    def start(self) -> None:
        """Start all, without waiting for any to be ready."""
        for watched in self._watched:
            self._start(watched)

    def look(self) -> None:
        """Notice who is ready and who has ended, and start again whose pause is over."""
        for watched in self._watched:
            if watched.starts_at is not None:
                if time.monotonic() >= watched.starts_at:
                    self._start(watched)
            elif not watched.process.is_running and watched.process.is_expected:
                self._note_end(watched)
            elif not watched.is_ready:
                self._look_for_readiness(watched)

    def _start(self, watched: _Watched) -> None:
        watched.process.start()
        watched.started_at = time.monotonic()
        watched.starts_at = None
        watched.is_ready = False

    def _note_end(self, watched: _Watched) -> None:
        process = watched.process
        if time.monotonic() - watched.started_at > _SETTLED_SECONDS:
            watched.pause_seconds = _FIRST_PAUSE_SECONDS
        self._tell(
            f"{process.name} ended with code {process.exit_code} and starts again in "
            f"{watched.pause_seconds:.0f} s; its log is {process.service.log_path}"
        )
        watched.starts_at = time.monotonic() + watched.pause_seconds
        watched.pause_seconds = min(2 * watched.pause_seconds, _LONGEST_PAUSE_SECONDS)

    def _look_for_readiness(self, watched: _Watched) -> None:
        if watched.process.answers:
            watched.is_ready = True
            self._tell(f"{watched.process.name} is ready (process {watched.process.pid})")
