"""The Beacon API on a port of this machine."""

from collections.abc import Iterator
from contextlib import contextmanager

from keel.consensus.api.app import create_app
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.errors import BeaconError
from keel.serving import ListenError, serve_app

HOST = "127.0.0.1"


@contextmanager
def serving(chain: BeaconChain, port: int = 0) -> Iterator[str]:
    """Serve a chain in a thread of its own; yields the address. Port 0 takes any free one.

    The chain goes on as before: a request waits for the end of a slot and is answered from one
    head. Raises BeaconError when the port is taken.
    """
    app = create_app(chain)
    try:
        with serve_app(app, HOST, port, before_stop=app.state.events.close) as url:
            yield url
    except ListenError as error:
        raise BeaconError(f"the Beacon API {error}") from error
