"""Who has connected to the control socket and not yet sent a whole request."""

import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

from keel.consensus.beacon.control.errands import Errands

_MOST_REQUEST_BYTES = 2**24
_MOST_CALLERS = 32
_PATIENCE_SECONDS = 10.0
_READ_BYTES = 2**16


@dataclass
class _Caller:
    since: float
    heard: bytearray = field(default_factory=bytearray)


class Callers:
    """Takes connections and their requests as they come; none that stays silent holds others up.

    A request is a line. Whoever takes longer than 10 s for it, sends more than 16 MB, or is the
    oldest of more than 32 is let go. A `bell` that can be read ends the waiting too.
    """

    def __init__(self, listener: socket.socket, bell: Errands | None = None) -> None:
        self._listener = listener
        self._selector = selectors.DefaultSelector()
        self._waiting: dict[socket.socket, _Caller] = {}
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ)
        self._bell = bell
        if bell is not None:
            self._selector.register(bell, selectors.EVENT_READ)

    def hear(self, seconds: float) -> Iterator[tuple[socket.socket, bytes]]:
        """Wait so long for requests at most; each comes with the connection that awaits answers.

        The connection is closed once the next one is asked for.
        """
        for key, _ in self._selector.select(seconds):
            if key.fileobj is self._listener:
                self._welcome()
                continue
            if key.fileobj is self._bell:
                continue
            connection = key.fileobj
            assert isinstance(connection, socket.socket)  # noqa: S101 (what was registered)
            line = self._read(connection)
            if line is not None:
                with closing(connection):
                    yield connection, line
        self._let_go_of_the_slow()

    def close(self) -> None:
        """Let everybody go."""
        for connection in list(self._waiting):
            self._forget(connection)
            connection.close()
        self._selector.close()

    def _welcome(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # it has left already, or no more files may be opened
        connection.setblocking(False)
        self._waiting[connection] = _Caller(time.monotonic())
        self._selector.register(connection, selectors.EVENT_READ)

    def _read(self, connection: socket.socket) -> bytes | None:
        """Return a whole request, which ends the waiting; None while it is not whole."""
        caller = self._waiting.get(connection)
        if caller is None:
            return None  # let go while another one's request was answered
        try:
            part = connection.recv(_READ_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            part = b""
        caller.heard += part
        if b"\n" in part:
            self._forget(connection)
            return bytes(caller.heard).partition(b"\n")[0]
        if not part or len(caller.heard) > _MOST_REQUEST_BYTES:
            self._forget(connection)
            connection.close()
        return None

    def _let_go_of_the_slow(self) -> None:
        now = time.monotonic()
        oldest_first = list(self._waiting.items())
        too_many = len(oldest_first) - _MOST_CALLERS
        for place, (connection, caller) in enumerate(oldest_first):
            if place < too_many or now - caller.since > _PATIENCE_SECONDS:
                self._forget(connection)
                connection.close()

    def _forget(self, connection: socket.socket) -> None:
        del self._waiting[connection]
        self._selector.unregister(connection)
