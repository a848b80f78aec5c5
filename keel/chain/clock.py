"""Move the chain's time, and take back what happened since a moment."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from keel.chain.errors import ChainError
from keel.chain.rpc import RpcClient
from keel.chain.state import block_head

_POLL_SECONDS = 0.0005
_POOL_SECONDS = 1.0


def now(rpc: RpcClient) -> int:
    """Timestamp of the latest block."""
    return block_head(rpc).timestamp


def mine(rpc: RpcClient) -> None:
    """Mine one block with the transactions that wait."""
    rpc.call("evm_mine")


def set_next_timestamp(rpc: RpcClient, timestamp: int) -> None:
    """Give the next block, whoever causes it, exactly this time; it must not be before now.

    The clock runs on from there.
    """
    rpc.call("evm_setNextBlockTimestamp", hex(timestamp))


def jump_to(rpc: RpcClient, timestamp: int) -> None:
    """Mine one block at exactly this time; it must not be before now."""
    rpc.batch([("evm_setNextBlockTimestamp", (hex(timestamp),)), ("evm_mine", ())])


def jump(rpc: RpcClient, seconds: int) -> int:
    """Mine one block this long after the latest one and return its time."""
    timestamp = now(rpc) + seconds
    jump_to(rpc, timestamp)
    return timestamp


@contextmanager
def reverting(rpc: RpcClient) -> Iterator[None]:
    """Take back at the end whatever the block inside did to the chain, time included."""
    snapshot = take_snapshot(rpc)
    try:
        yield
    finally:
        restore_snapshot(rpc, snapshot)


def take_snapshot(rpc: RpcClient) -> str:
    """Remember the state; the id serves restore_snapshot once."""
    return str(rpc.call("evm_snapshot"))


def restore_snapshot(rpc: RpcClient, snapshot: str) -> None:
    """Return to the state of a snapshot; raises ChainError when the id is unknown or used.

    Anvil shows a receipt a moment before its pool forgets the transaction. An evm_revert in between
    makes the transaction valid again: it is mined a second time, or the next one never. So the pool
    should be empty first; on a chain that mines on request it may hold transactions for good.
    """
    deadline = time.monotonic() + _POOL_SECONDS
    while time.monotonic() < deadline and _pool_holds_any(rpc):
        time.sleep(_POLL_SECONDS)
    if rpc.call("evm_revert", snapshot) is not True:
        raise ChainError(f"snapshot {snapshot} is unknown or was restored already")


def _pool_holds_any(rpc: RpcClient) -> bool:
    return any(int(count, 16) for count in rpc.call("txpool_status").values())
