"""Both layers at one slot: the beacon state, and the contracts at the block that it names."""

import time
from dataclasses import dataclass

from keel.chain.state import BlockHead, block_head
from keel.deploy.bindings import Bindings
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.nodes.errors import NodeError
from keel.sight.agreed_state import read_agreed_state, staked_state_block
from keel.sight.consensus_view import ConsensusView, consensus_view
from keel.sight.history import Historian
from keel.sight.protocol_view import ProtocolView, read_protocol, report_to_go_on_from


@dataclass(frozen=True, slots=True, eq=False)
class SlotView:
    """What both layers show of a slot; `seconds` is how long it took to read."""

    consensus: ConsensusView
    protocol: ProtocolView
    state_bytes: int
    state_root: bytes
    seconds: float


class SlotReader:
    """Reads slots; the staked keys come from a historian, who reads each block's events once."""

    def __init__(self, beacon: AgreedBeacon, bindings: Bindings, historian: Historian) -> None:
        self._beacon = beacon
        self._bindings = bindings
        self._historian = historian

    def read(self, ref_slot: int) -> SlotView:
        """Read a slot's state and the chain at its block; raises NodeError or RpcError."""
        began = time.monotonic()
        state, agreed = read_agreed_state(self._beacon, ref_slot)
        block = self._same_block(*staked_state_block(state))
        history = self._historian.up_to(block)
        recorded, oracles = history.recorded(block.number), history.oracles(block.number)
        slot_of = self._beacon.network.slot_at
        last = report_to_go_on_from(self._bindings, oracles, slot_of, ref_slot, block.number)
        ref_time = self._beacon.network.time_of(ref_slot)
        span = self._historian.commissions_at(block).span(last.ref_time, ref_time)
        protocol = read_protocol(self._bindings, recorded, block.number, last.operators_root, span)
        consensus = consensus_view(state, recorded, protocol.credentials)
        seconds = time.monotonic() - began
        return SlotView(consensus, protocol, len(agreed.data), agreed.root, seconds)

    def _same_block(self, number: int, block_hash: bytes) -> BlockHead:
        """The execution layer's block that a state names; raises NodeError when it is another."""
        there = block_head(self._bindings.rpc, number)
        if bytes.fromhex(there.hash.removeprefix("0x")) != block_hash:
            raise NodeError(
                self._bindings.rpc.name,
                f"block {number} is {there.hash}, the beacon state names 0x{block_hash.hex()}: "
                "the nodes follow different chains",
            )
        return there
