"""The Beacon API on a port of this machine."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from keel.consensus.api.app import create_app
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.errors import BeaconError

HOST = "127.0.0.1"
_START_SECONDS = 10.0


@contextmanager
def serving(chain: BeaconChain, port: int = 0) -> Iterator[str]:
    """Serve a chain in a thread of its own; yields the address. Port 0 takes any free one.

    The chain goes on as before: a request waits for the end of a slot and is answered from one
    head. Raises BeaconError when the port is taken.
    """
    app = create_app(chain)
    config = uvicorn.Config(
        app, lifespan="on", log_level="warning", access_log=False, timeout_graceful_shutdown=1
    )
    with _listening(port) as listener:
        server = uvicorn.Server(config)
        thread = threading.Thread(
            target=server.run, args=([listener],), name="beacon-api", daemon=True
        )
        thread.start()
        _wait_for_start(server, thread)
        try:
            yield f"http://{HOST}:{listener.getsockname()[1]}"
        finally:
            app.state.events.close()
            server.should_exit = True
            thread.join()


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    # With its protocol named, asyncio switches off Nagle's algorithm: 1 ms a request and not 45.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise BeaconError(f"the Beacon API cannot listen on port {port}: {error}") from error
        yield listener


def _wait_for_start(server: uvicorn.Server, thread: threading.Thread) -> None:
    end = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > end:
            raise BeaconError("the Beacon API did not start")
        time.sleep(0.005)
