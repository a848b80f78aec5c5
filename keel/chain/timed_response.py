"""An HTTP answer that has to be whole in time, however slowly its bytes come."""

import http.client
import io
import socket
import time


class TimedResponse(http.client.HTTPResponse):
    """An answer for which the socket's timeout holds as a whole, and not for each read.

    The socket is left with what remained of its timeout.
    """

    def __init__(self, sock: socket.socket, debuglevel: int = 0, method: str | None = None) -> None:
        super().__init__(sock, debuglevel, method)
        self.fp = io.BufferedReader(_TimedReads(self.fp.detach(), sock))


class _TimedReads(io.RawIOBase):
    """What is read of a socket until its timeout has passed."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw, self._sock = raw, sock
        seconds = sock.gettimeout()
        self._end = None if seconds is None else time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview", /) -> int | None:  # type: ignore[override]
        if self._end is not None:
            rest = self._end - time.monotonic()
            if rest <= 0:
                raise TimeoutError("timed out")
            self._sock.settimeout(rest)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
