"""Serve an ASGI app on an address of this machine, from a thread of its own."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

_START_SECONDS = 10.0


class ListenError(Exception):
    """An address cannot be listened on; the message is one line."""


class _Connection(H11Protocol):
    """A connection that gives way to a new one when there are too many and it asks nothing.

    So nobody keeps others out, or uses up the files that the process may open, by connections that
    stay silent or by requests that never become whole.
    """

    came_at = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection, and give up the longest silent one if it is one too many."""
        super().connection_made(transport)
        self.came_at = self.loop.time()
        most = self.limit_concurrency
        if most is None or len(self.connections) < most:
            return
        others = [each for each in self.connections if isinstance(each, _Connection)]
        silent = [each for each in others if each is not self and each.is_silent]
        for oldest in sorted(silent, key=lambda each: each.came_at)[:1]:
            self.connections.discard(oldest)
            oldest.transport.abort()

    @property
    def is_silent(self) -> bool:
        """Whether the client has still to send a request, or the rest of one."""
        return self.conn.their_state in (h11.IDLE, h11.SEND_BODY)


@contextmanager
def serve_app(
    app: Any,
    host: str,
    port: int,
    before_stop: Callable[[], None] | None = None,
    *,
    most_connections: int | None = None,
) -> Iterator[str]:
    """Serve until the block ends; yields the url actually bound. Port 0 takes any free one.

    `before_stop` ends what would keep connections open. Beyond `most_connections` silent ones are
    given up; where all are busy, requests are answered with 503. Raises ListenError.
    """
    config = uvicorn.Config(
        app,
        http=_Connection,
        lifespan="auto",
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
        limit_concurrency=most_connections,
    )
    with _listening(host, port) as listener:
        server = uvicorn.Server(config)
        thread = threading.Thread(
            target=server.run, args=([listener],), name=f"serve-{host}", daemon=True
        )
        thread.start()
        _wait_for_start(server, thread, f"{host}:{port}")
        try:
            yield url_of(host, listener.getsockname()[1])
        finally:
            if before_stop is not None:
                before_stop()
            server.should_exit = True
            thread.join()


def url_of(host: str, port: int) -> str:
    """Address of a plain HTTP server."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    # With its protocol named, asyncio switches off Nagle's algorithm: 1 ms a request and not 45.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen()
        except OSError as error:
            reason = error.strerror or str(error)
            raise ListenError(f"cannot listen on port {port} of {host}: {reason}") from error
        yield listener


def _wait_for_start(server: uvicorn.Server, thread: threading.Thread, address: str) -> None:
    end = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > end:
            raise ListenError(f"the server on {address} did not start")
        time.sleep(0.005)
