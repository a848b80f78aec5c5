"""The newest beacon state by which the chain can check a proof now (PRF-1)."""

from dataclasses import dataclass

from keel.chain.rpc import RpcClient
from keel.chain.state import block_head
from keel.consensus.state.prover import Prover
from keel.consensus.state.tree import state_tree
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.nodes.errors import NodeError
from keel.sight.agreed_state import read_agreed_state
from keel.sight.proving_time import proving_time


@dataclass(frozen=True)
class ProvableState:
    """A state's proofs, and the time of the block that told the chain its root."""

    prover: Prover
    timestamp: int

    @property
    def slot(self) -> int:
        """Slot of the state and of its block."""
        return self.prover.tree.header_slot


def read_provable_state(beacon: AgreedBeacon, rpc: RpcClient) -> ProvableState:
    """Read the state of the block before the newest one; raises NodeError.

    The slot before the newest block's may have been missed: then an older state is read.
    """
    network = beacon.network
    head_slot = min(network.slot_at(block_head(rpc).timestamp), beacon.head_slot())
    prover = _prover(beacon, head_slot - 1)
    if prover.tree.header_slot != head_slot - 1:
        prover = _prover(beacon, prover.tree.header_slot)
    slot, root = prover.tree.header_slot, prover.tree.header_fields.root
    timestamp = proving_time(rpc, network, slot, root, head_slot)
    if timestamp is None:
        raise NodeError(
            rpc.name,
            f"its chain does not know the beacon block 0x{root.hex()} of slot {slot} (EIP-4788): "
            "it is behind, or of another network",
        )
    return ProvableState(prover, timestamp)


def _prover(beacon: AgreedBeacon, slot: int) -> Prover:
    state, _ = read_agreed_state(beacon, slot)
    return Prover(state, state_tree(state))
