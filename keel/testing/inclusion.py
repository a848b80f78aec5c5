"""Transactions of others get their slot: whoever sends one sees it in a block at once."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

from keel.chain.rpc import RpcClient
from keel.consensus.beacon.chain import BeaconChain

_POLL_SECONDS = 0.01


@contextmanager
def including(chain: BeaconChain) -> Iterator[None]:
    """Inside, a slot passes whenever a transaction waits; a failure is raised at the end."""
    ended = threading.Event()
    failures: list[Exception] = []

    def watch() -> None:
        try:
            with closing(RpcClient(chain.rpc.url)) as own:  # a client serves one thread
                while not ended.wait(_POLL_SECONDS):
                    _include(chain, own)
        except Exception as error:  # carried to the thread that waits for it
            failures.append(error)

    watcher = threading.Thread(target=watch, name="keel-inclusion", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
        if failures:
            raise failures[0]


def _include(chain: BeaconChain, rpc: RpcClient) -> None:
    if not _is_any_waiting(rpc):
        return
    with chain.turns.taking():
        if _is_any_waiting(rpc):  # whoever had the turn may have included it
            chain.step()


def _is_any_waiting(rpc: RpcClient) -> bool:
    return int(rpc.call("txpool_status")["pending"], 16) > 0
