"""From a reference slot to its report: read the state and the chain, find the leaves, assess.

What is read is kept while the leaves are searched, since a state may have 150 MB.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from keel.chain.state import block_head
from keel.committee.exchange import FindLeaves
from keel.deploy.bindings import Bindings
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.nodes.errors import NodeError, public_name
from keel.reporter.assessment import Assessment, assess
from keel.sight.agreed_state import read_agreed_state, staked_state_block
from keel.sight.consensus_view import ConsensusView, consensus_view
from keel.sight.protocol_view import (
    MissingKeysError,
    ProtocolView,
    read_protocol,
    root_to_go_on_from,
)
from keel.sight.recorded_keys import Recorded


class LeavesMissingError(Exception):
    """Nobody has the leaves under the `operatorsRoot` that stands on chain."""

    def __init__(self, root: bytes) -> None:
        super().__init__(f"nobody has the leaves under 0x{root.hex()}")
        self.root = root


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """What both layers show of a reference slot; `seconds` is how long it took to see."""

    consensus: ConsensusView
    protocol: ProtocolView
    state_bytes: int
    state_root: bytes
    seconds: float


class Builder:
    """Reads reference slots; keys that were seen staked in a final block are not read again."""

    def __init__(
        self,
        beacon: AgreedBeacon,
        bindings: Bindings,
        first_block: int,
        find_leaves: FindLeaves,
        rebuild_leaves_at: int | None = None,
    ) -> None:
        self._beacon = beacon
        self._bindings = bindings
        self._first_block = first_block
        self._find_leaves = find_leaves
        self._rebuild_leaves_at = rebuild_leaves_at
        self._known: Recorded | None = None

    def see(self, ref_slot: int) -> Sight:
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
            raise NodeError(public_name(self._bindings.rpc.url), str(error)) from error
        self._known = protocol.recorded
        root = root_to_go_on_from(self._bindings, ref_slot, number, protocol.operators_root)
        protocol = replace(protocol, operators_root=root)
        consensus = consensus_view(state, protocol.recorded, protocol.credentials)
        seconds = time.monotonic() - began
        return Sight(consensus, protocol, len(agreed.data), agreed.root, seconds)

    def assess(self, sight: Sight) -> Assessment:
        """Build the report; raises LeavesMissingError and LeavesAboveMintedError."""
        return assess(sight.consensus, sight.protocol, self._previous(sight))

    def _previous(self, sight: Sight) -> Mapping[int, int]:
        """Cumulative shares of the leaves that stand on chain (OPR-5)."""
        root = sight.protocol.operators_root
        if root == bytes(32):
            return {}
        if sight.consensus.ref_slot == self._rebuild_leaves_at:
            return sight.protocol.claimed_shares
        leaves = self._find_leaves(root)
        if leaves is None:
            raise LeavesMissingError(root)
        return {totals.operator_id: totals.cumulative_reward_shares for totals in leaves}

    def _require_same_chain(self, number: int, block_hash: bytes) -> None:
        there = block_head(self._bindings.rpc, number).hash
        if bytes.fromhex(there.removeprefix("0x")) != block_hash:
            raise NodeError(
                public_name(self._bindings.rpc.url),
                f"block {number} is {there}, the beacon state stands on 0x{block_hash.hex()}: "
                "the nodes follow different chains",
            )
