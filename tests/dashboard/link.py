"""A wire to a node that a test can cut, restore, or plug into another node."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_CHUNK = 65_536


class Link:
    """Listens on a port of its own and hands bytes on; cut, it refuses every connection."""

    def __init__(self, target_url: str) -> None:
        self._target = _address(target_url)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._open: list[socket.socket] = []
        self._serve(self._listener)

    def cut(self) -> None:
        """Close every connection, and the port."""
        # Without the shutdown the thread that accepts would keep the port open.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._open = []

    def restore(self, target_url: str | None = None) -> None:
        """Listen on the same port again, perhaps before another node."""
        if target_url is not None:
            self._target = _address(target_url)
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._serve(self._listener)

    def _serve(self, listener: socket.socket) -> None:
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(self._target)
            except OSError:
                return
            self._open += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_pass_on, args=(source, sink), daemon=True).start()


@contextmanager
def linked(target_url: str) -> Iterator[Link]:
    """A link that is cut at the end."""
    link = Link(target_url)
    try:
        yield link
    finally:
        link.cut()


def _address(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 0


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_CHUNK):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
