"""Both layers at one slot: the beacon state, and the contracts at the block that it names."""

import time
from dataclasses import dataclass, replace

from keel.chain.state import block_head
from keel.deploy.bindings import Bindings
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.nodes.errors import NodeError
from keel.sight.agreed_state import read_agreed_state, staked_state_block
from keel.sight.consensus_view import ConsensusView, consensus_view
from keel.sight.protocol_view import (
    MissingKeysError,
    ProtocolView,
    read_protocol,
    root_to_go_on_from,
)
from keel.sight.recorded_keys import Recorded


@dataclass(frozen=True, slots=True, eq=False)
class SlotView:
    """What both layers show of a slot; `seconds` is how long it took to read."""

    consensus: ConsensusView
    protocol: ProtocolView
    state_bytes: int
    state_root: bytes
    seconds: float


class SlotReader:
    """Reads slots; keys that were seen staked in a final block are not read again."""

    def __init__(self, beacon: AgreedBeacon, bindings: Bindings, first_block: int) -> None:
        self._beacon = beacon
        self._bindings = bindings
        self._first_block = first_block
        self._known: Recorded | None = None

    def read(self, ref_slot: int) -> SlotView:
        """Read a slot's state and the chain at its block; raises NodeError or RpcError.

        The slot must be final, or the keys of its block may be remembered wrongly.
        """
        began = time.monotonic()
        state, agreed = read_agreed_state(self._beacon, ref_slot)
        number, block_hash = staked_state_block(state)
        self._require_same_chain(number, block_hash)
        try:
            protocol = read_protocol(self._bindings, self._first_block, number, self._known)
        except MissingKeysError as error:
            raise NodeError(self._bindings.rpc.name, str(error)) from error
        self._known = protocol.recorded
        root = root_to_go_on_from(self._bindings, ref_slot, number, protocol.operators_root)
        protocol = replace(protocol, operators_root=root)
        consensus = consensus_view(state, protocol.recorded, protocol.credentials)
        seconds = time.monotonic() - began
        return SlotView(consensus, protocol, len(agreed.data), agreed.root, seconds)

    def _require_same_chain(self, number: int, block_hash: bytes) -> None:
        there = block_head(self._bindings.rpc, number).hash
        if bytes.fromhex(there.removeprefix("0x")) != block_hash:
            raise NodeError(
                self._bindings.rpc.name,
                f"block {number} is {there}, the beacon state names 0x{block_hash.hex()}: "
                "the nodes follow different chains",
            )
