"""A connection of a bounded server: it gives way to others when it asks or reads nothing."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

STALL_SECONDS = 30.0
LEAST_BYTES = 16 * 1024
"""A client that reads fewer bytes within STALL_SECONDS, while more wait for it, is given up."""


class Connection(H11Protocol):
    """A connection that gives way to a new one when there are too many and it asks nothing.

    So nobody keeps others out, or uses up the files that the process may open, by connections that
    stay silent, by requests that never become whole, or by answers that are never read.
    """

    _came_at = 0.0
    _stall_check: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, and give up the longest silent one if it is one too many."""
        super().connection_made(transport)
        self._came_at = self.loop.time()
        most = self.limit_concurrency
        if most is None or len(self.connections) < most:
            return
        others = [each for each in self.connections if isinstance(each, Connection)]
        silent = [each for each in others if each is not self and each.is_silent]
        for oldest in sorted(silent, key=lambda each: each._came_at)[:1]:
            oldest.give_up()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._end_stall_check()
        super().connection_lost(exc)

    def _unsupported_upgrade_warning(self) -> None:
        """Answer as HTTP without a warning, which would advise to install what is not used."""

    def pause_writing(self) -> None:
        """Wait for the client to read what is sent, and no longer than that makes sense."""
        super().pause_writing()
        self._check_stall_later()

    def resume_writing(self) -> None:
        """Send more: the client has read nearly everything."""
        self._end_stall_check()
        super().resume_writing()

    @property
    def is_silent(self) -> bool:
        """Whether the client has still to send a request, or the rest of one, and reads nothing."""
        waits_for_answer = self.conn.their_state not in (h11.IDLE, h11.SEND_BODY)
        is_reading = self._stall_check is not None
        return not waits_for_answer and not is_reading

    def give_up(self) -> None:
        """Close it at once, whatever was still to be sent."""
        self.connections.discard(self)
        self.transport.abort()

    def _check_stall_later(self) -> None:
        waiting = self.transport.get_write_buffer_size()
        self._end_stall_check()
        self._stall_check = self.loop.call_later(STALL_SECONDS, self._check_stall, waiting)

    def _check_stall(self, waited_before: int) -> None:
        if waited_before - self.transport.get_write_buffer_size() < LEAST_BYTES:
            self.give_up()
        else:
            self._check_stall_later()

    def _end_stall_check(self) -> None:
        if self._stall_check is not None:
            self._stall_check.cancel()
            self._stall_check = None
