"""Serve an ASGI app on an address of this machine, from a thread of its own."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from keel.errors import KeelError
from keel.serving.connection import Connection
from keel.serving.repetition import folding

MOST_CONNECTIONS = 64
"""At a time. Two servers of one process stay within 256 open files, which some systems allow."""

_BACKLOG = 32
"""Connections accepted in one go, before the first of them can be turned away."""

_KEEP_ALIVE_SECONDS = 60
"""A client that works on a large answer for seconds still finds its connection open."""

PROCESS_HEADER = "keel-process"
"""Names the process that answers, so that no other server's answer on its port is taken for it."""

_START_SECONDS = 10.0
_LOGGERS = ("uvicorn.error", "asyncio")


class ListenError(KeelError):
    """An address cannot be listened on; the message is one line."""


@contextmanager
def serve_app(
    app: Any,
    host: str,
    port: int,
    before_stop: Callable[[], None] | None = None,
    *,
    most_connections: int = MOST_CONNECTIONS,
) -> Iterator[str]:
    """Serve until the block ends; yields the url actually bound. Port 0 takes any free one.

    `before_stop` ends what would keep connections open. Beyond `most_connections` silent ones are
    given up; where all are busy, requests are answered with 503. Warnings of the server that
    repeat are counted instead of written. Raises ListenError.
    """
    config = uvicorn.Config(
        app,
        http=Connection,
        ws="none",  # a web socket would leave the bounded connections
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        proxy_headers=False,  # anybody may write them
        lifespan="auto",
        log_config=None,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
        limit_concurrency=most_connections,
        headers=[(PROCESS_HEADER, str(os.getpid()))],
    )
    with _listening(host, port) as listener, folding(_LOGGERS):
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
            listener.listen(_BACKLOG)
        except (OSError, TypeError, ValueError) as error:  # the last two: what is no host name
            reason = getattr(error, "strerror", None) or str(error)
            raise ListenError(f"cannot listen on port {port} of {host}: {reason}") from error
        yield listener


def _wait_for_start(server: uvicorn.Server, thread: threading.Thread, address: str) -> None:
    end = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > end:
            raise ListenError(f"the server on {address} did not start")
        time.sleep(0.005)
