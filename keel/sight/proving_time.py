"""The block by which EIP-4788 tells the root of a beacon block (PRF-1)."""

from keel.chain.rpc import RpcClient
from keel.chain.state import storage_at
from keel.chain.system_contracts import BEACON_ROOTS
from keel.nodes.network import NetworkFacts

_MOST_MISSED_SLOTS = 64
_RING = 8191  # EIP-4788: times, then as many roots


def proving_time(
    rpc: RpcClient, network: NetworkFacts, slot: int, root: bytes, head_slot: int
) -> int | None:
    """Time of the execution block whose parent is the beacon block of a slot with this root.

    None when there is none up to the head yet, or the beacon block is not the chain's. Slots after
    it may be missed. Raises what the client raises.
    """
    last_slot = min(head_slot, slot + _MOST_MISSED_SLOTS)
    for later in range(slot + 1, last_slot + 1):
        timestamp = network.time_of(later)
        told = told_root(rpc, timestamp)
        if told is not None:
            return timestamp if told == root else None
    return None


def told_root(rpc: RpcClient, timestamp: int) -> bytes | None:
    """The root that the block of this time stored; None without block, or if overwritten."""
    if storage_at(rpc, BEACON_ROOTS, timestamp % _RING) != timestamp:
        return None
    return storage_at(rpc, BEACON_ROOTS, timestamp % _RING + _RING).to_bytes(32)
