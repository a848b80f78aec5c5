"""The RPC address on a port of this machine."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from keel.consensus.beacon.errors import BeaconError
from keel.consensus.gateway.app import Perform, create_app
from keel.consensus.gateway.steering import Steering
from keel.serving import ListenError, serve_app

HOST = "127.0.0.1"
_MOST_CONNECTIONS = 256


def at_once(work: Callable[[], Any]) -> Any:
    """Carry out work in the thread of the request, for a chain whose owner waits meanwhile."""
    return work()


@contextmanager
def serving_rpc(
    steering: Steering,
    port: int = 0,
    perform: Perform = at_once,
    allowed_origins: Sequence[str] = (),
) -> Iterator[str]:
    """Serve the chain's RPC address in a thread of its own; yields it. Port 0 takes any free one.

    With `perform`, what moves the chain is done in the thread that steps it. Raises BeaconError
    when the port is taken.
    """
    app = create_app(steering, perform, allowed_origins)
    try:
        with serve_app(app, HOST, port, most_connections=_MOST_CONNECTIONS) as url:
            yield url
    except ListenError as error:
        raise BeaconError(f"the RPC address {error}") from error
