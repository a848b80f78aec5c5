"""Bring both layers back together after somebody moved Anvil alone.

Two things can happen between slots. Anvil was reverted, so the last folded block is gone: the
beacon chain goes back to its latest block that Anvil still has. Or Anvil mined blocks of a time
that the coming slot must have: Anvil goes back to the folded block, and their transactions wait
for the slot. Withdrawals stay paid in both cases: what Anvil was reverted to holds those that the
state there counts, and Anvil keeps a block's state together with what was credited after it.
"""

from dataclasses import dataclass
from typing import Any

from keel.chain.errors import RpcError
from keel.chain.rpc import RpcClient
from keel.consensus.beacon.errors import AnvilMovedError
from keel.consensus.beacon.execution import ExecutionLayer
from keel.consensus.beacon.pool import Pool
from keel.consensus.beacon.spec import State
from keel.consensus.beacon.store import Store

ADVICE = "use the RPC address that the chain printed, which moves both layers"

_SENT_AGAIN = ("from", "to", "input", "value", "gas", "nonce", "accessList")


@dataclass(frozen=True, slots=True)
class Realigned:
    """What was done; `state` is where the beacon chain goes on from, None when it was not moved."""

    told: str
    state: State | None = None


def realign(execution: ExecutionLayer, store: Store, pool: Pool, time: int) -> Realigned | None:
    """Look whether Anvil was moved since the last slot, before a slot that begins at `time`.

    Raises AnvilMovedError when Anvil has no block left that the beacon chain knows.
    """
    if not execution.has_block(execution.folded_block, execution.folded_hash):
        return _go_back(execution, store, pool)
    return _take_back(execution, time)


def _go_back(execution: ExecutionLayer, store: Store, pool: Pool) -> Realigned:
    """Return the beacon chain to its latest block that Anvil has."""
    gone = execution.folded_block
    slots = sorted(store.roots)
    first, last = -1, len(slots) - 1  # that of `first` is there, that of `last` is not
    while last - first > 1:
        middle = (first + last) // 2
        if execution.has_block(*_execution_head(store, slots[middle])):
            first = middle
        else:
            last = middle
    if first < 0:
        raise AnvilMovedError(
            f"Anvil was reverted to before the beacon chain's first block, so no beacon state "
            f"matches it (block {gone} is gone): start the chain again"
        )
    slot, was_at = slots[first], max(store.recent_states)
    number, block_hash = _execution_head(store, slot)
    state = store.state_at(slot)
    store.forget_after(slot, state)
    pool.clear()
    execution.forget_since(number, block_hash)
    return Realigned(
        f"Anvil alone was reverted from block {gone} to block {number}: the beacon chain "
        f"followed, from slot {was_at} to slot {slot}. To revert, {ADVICE}",
        state,
    )


def _execution_head(store: Store, slot: int) -> tuple[int, str]:
    """Number and hash of the execution block in a slot's block, or in genesis."""
    block = store.block_at(slot)
    if block is None:
        head = store.state_at(slot).latest_execution_payload_header
    else:
        head = block.message.body.execution_payload
    return int(head.block_number), "0x" + bytes(head.block_hash).hex()


def _take_back(execution: ExecutionLayer, time: int) -> Realigned | None:
    """Undo blocks that are too late for the slot; their transactions wait for it."""
    rpc = execution.rpc
    head = rpc.call("eth_getBlockByNumber", "latest", False)
    seconds = int(head["timestamp"], 16) - time
    blocks = int(head["number"], 16) - execution.folded_block
    if seconds < 0 or blocks < 1:
        return None
    sent = [
        transaction
        for number in range(execution.folded_block + 1, int(head["number"], 16) + 1)
        for transaction in rpc.call("eth_getBlockByNumber", hex(number), True)["transactions"]
    ]
    raw = rpc.batch([("eth_getRawTransactionByHash", (each["hash"],)) for each in sent])
    rpc.call("anvil_rollback", blocks)
    lost = sum(not _send_again(rpc, *pair) for pair in zip(sent, raw, strict=True))
    told = (
        f"Anvil alone was moved {seconds} s past the start of the next slot: its blocks above "
        f"{execution.folded_block} ({blocks}) were undone, and {len(sent) - lost} of their "
        "transactions wait for the slot"
    )
    if lost:
        told += f"; {lost} cannot be sent again and are lost"
    return Realigned(f"{told}. To move time, {ADVICE}")


def _send_again(rpc: RpcClient, transaction: dict[str, Any], raw: str) -> bool:
    """Submit a transaction once more; one of an impersonated account has no valid signature."""
    fields = {name: transaction[name] for name in _SENT_AGAIN if transaction.get(name) is not None}
    for method, argument in (("eth_sendRawTransaction", raw), ("eth_sendTransaction", fields)):
        try:
            rpc.call(method, argument)
        except RpcError:
            continue
        return True
    return False
