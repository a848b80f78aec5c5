"""Put the page on a port: follow both nodes, serve until told to stop."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from keel.chain.errors import ChainError
from keel.chain.rpc import RpcClient
from keel.chain.state import unlocked_accounts
from keel.dashboard.app import create_app
from keel.dashboard.deployment import KnownDeployment
from keel.dashboard.guard import is_loopback, new_token
from keel.dashboard.watching import POLL_SECONDS, Watcher

_START_SECONDS = 10.0


class ListenError(ChainError):
    """The address cannot be listened on."""


@dataclass(frozen=True, slots=True)
class DashboardOptions:
    """Where the page reads and where it listens; port 0 takes any free one.

    `allowed_hosts` are names under which browsers may ask besides addresses and localhost.
    """

    execution_url: str
    beacon_url: str
    deployment: Path
    host: str = "127.0.0.1"
    port: int = 8600
    allowed_hosts: Sequence[str] = ()
    poll_seconds: float = POLL_SECONDS


@contextmanager
def serving_dashboard(options: DashboardOptions) -> Iterator[str]:
    """Serve in threads of its own; yields the address. Raises ManifestError or ListenError."""
    known = KnownDeployment.read(options.deployment)
    accounts = local_accounts(known, options)
    with (
        _listening(options.host, options.port) as listener,
        Watcher(known, options.execution_url, options.beacon_url, options.poll_seconds) as watcher,
    ):
        app = create_app(watcher, new_token(), accounts, options.allowed_hosts)
        with _running(app, listener):
            name = f"[{options.host}]" if ":" in options.host else options.host
            yield f"http://{name}:{listener.getsockname()[1]}"


def local_accounts(known: KnownDeployment, options: DashboardOptions) -> tuple[str, ...]:
    """Accounts that the node signs for; none but for this machine alone, on a development chain."""
    if not known.is_local or not is_loopback(options.host):
        return ()
    try:
        with RpcClient(options.execution_url, _START_SECONDS) as rpc:
            return tuple(unlocked_accounts(rpc))
    except ChainError:
        return ()  # a node that is away is shown as an alarm; a restart of the page finds them


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named, asyncio switches off Nagle's algorithm: 1 ms a request and not 45.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise ListenError(f"the page cannot listen on {host}:{port}: {error}") from error
        yield listener


@contextmanager
def _running(app: Starlette, listener: socket.socket) -> Iterator[None]:
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), name="dashboard", daemon=True)
    thread.start()
    end = time.monotonic() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > end:
            raise ListenError("the page's server did not start")
        time.sleep(0.005)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
