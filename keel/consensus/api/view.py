"""What the API reads of a chain: blocks, headers and states by the names that clients use."""

from collections import OrderedDict
from dataclasses import dataclass

from keel.consensus.api.containers import Containers
from keel.consensus.api.errors import bad_request, not_found
from keel.consensus.api.identifiers import is_number, is_root
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.spec import Block, Spec, State

_STATES_KEPT = 8
_NAMES = "head, genesis, finalized, justified, a slot or a 0x-prefixed root"


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """What was justified and final after a block."""

    justified_epoch: int
    finalised_epoch: int


class ChainView:
    """A chain for reading, in its `turns` only.

    The head is the latest block, and its state the one after that block, as on any node: slots
    missed since then are found by their number.
    """

    def __init__(self, chain: BeaconChain) -> None:
        self.chain = chain
        self.containers = Containers(chain.spec)
        self._headers: dict[bytes, object] = {}
        self._checkpoints: dict[tuple[int, bytes], Checkpoints] = {}
        self._states: OrderedDict[tuple[int, bytes], State] = OrderedDict()

    @property
    def spec(self) -> Spec:
        """The specification that the chain follows."""
        return self.chain.spec

    @property
    def fork(self) -> str:
        """Name of the chain's fork, as in Eth-Consensus-Version."""
        return self.chain.config.fork

    @property
    def head_state(self) -> State:
        """State after the latest block."""
        return self.state_at(self.slot_of(self.chain.head_root))

    @property
    def finalised_slot(self) -> int:
        """First slot of the latest finalised epoch."""
        return self._start_of(int(self.head_state.finalized_checkpoint.epoch))

    @property
    def justified_slot(self) -> int:
        """First slot of the latest justified epoch."""
        return self._start_of(int(self.head_state.current_justified_checkpoint.epoch))

    def is_finalised(self, slot: int) -> bool:
        """Whether a slot belongs to the finalised history."""
        return slot <= self.finalised_slot

    def block(self, root: bytes) -> Block:
        """Return a block by its root, for genesis the empty one that its root belongs to."""
        if root != self.chain.store.genesis_root:
            return self.chain.store.block(root)
        message = self.spec.BeaconBlock(
            state_root=self.spec.hash_tree_root(self.chain.store.state_at(0))
        )
        return self.spec.SignedBeaconBlock(message=message)

    def header(self, root: bytes) -> Block:
        """Return the signed header of a block by its root."""
        if root not in self._headers:
            block = self.block(root)
            message = block.message
            self._headers[root] = self.spec.SignedBeaconBlockHeader(
                message=self.spec.BeaconBlockHeader(
                    slot=message.slot,
                    proposer_index=message.proposer_index,
                    parent_root=message.parent_root,
                    state_root=message.state_root,
                    body_root=self.spec.hash_tree_root(message.body),
                ),
                signature=block.signature,
            )
        return self._headers[root]

    def slot_of(self, root: bytes) -> int:
        """Slot of a block by its root."""
        return int(self.header(root).message.slot)

    def root_before(self, slot: int) -> bytes:
        """Root of the latest block before a slot; genesis has itself before it."""
        return self.chain.store.root_at(max(slot - 1, 0))

    def state_at(self, slot: int) -> State:
        """Return the state of a slot up to the present one; those made by replay are kept."""
        if slot in self.chain.store.recent_states:
            return self.chain.store.recent_states[slot]
        key = slot, self.chain.store.root_at(slot)
        if key not in self._states:
            self._states[key] = self.chain.store.state_at(slot)
            if len(self._states) > _STATES_KEPT:
                self._states.popitem(last=False)
        return self._states[key]

    def checkpoints_of(self, slot: int) -> Checkpoints:
        """Return what was justified and final at a slot, which only the start of an epoch changes.

        Those of each epoch are kept.
        """
        start = slot - slot % int(self.spec.SLOTS_PER_EPOCH)
        key = start, self.chain.store.root_at(start)
        if key not in self._checkpoints:
            state = self.state_at(start)
            self._checkpoints[key] = Checkpoints(
                int(state.current_justified_checkpoint.epoch), int(state.finalized_checkpoint.epoch)
            )
        return self._checkpoints[key]

    def find_block(self, block_id: str) -> bytes:
        """Return the root of the block that a client names; raises ApiError 400 or 404."""
        store = self.chain.store
        named = self._named_slot(block_id)
        if named is not None:
            return store.root_at(named)
        if is_root(block_id):
            root = bytes.fromhex(block_id[2:])
            if root == store.genesis_root or root in store.blocks:
                return root
        elif is_number(block_id):
            if int(block_id) in store.roots:
                return store.roots[int(block_id)]
        else:
            raise bad_request(f"Invalid block ID: {block_id}, one of {_NAMES} expected")
        raise not_found(f"Block not found: {block_id}")

    def find_state(self, state_id: str) -> State:
        """Return the state that a client names; raises ApiError 400 or 404."""
        named = self._named_slot(state_id)
        if named is not None:
            return self.state_at(named)
        if is_root(state_id):
            slot = self._slot_of_state(bytes.fromhex(state_id[2:]))
        elif is_number(state_id):
            slot = int(state_id)
        else:
            raise bad_request(f"Invalid state ID: {state_id}, one of {_NAMES} expected")
        if slot is None or slot > self.chain.slot:
            raise not_found(f"State not found: {state_id}")
        return self.state_at(slot)

    def _named_slot(self, name: str) -> int | None:
        if name == "head":
            return self.slot_of(self.chain.head_root)
        if name == "finalized":
            return self.finalised_slot
        if name == "justified":
            return self.justified_slot
        return 0 if name == "genesis" else None

    def _slot_of_state(self, root: bytes) -> int | None:
        """Missed slots are found by the root of their state for as long as it is kept."""
        for slot, state in self.chain.store.recent_states.items():
            if bytes(self.spec.hash_tree_root(state)) == root:
                return slot
        for slot, block_root in self.chain.store.roots.items():
            if bytes(self.header(block_root).message.state_root) == root:
                return slot
        return None

    def _start_of(self, epoch: int) -> int:
        return epoch * int(self.spec.SLOTS_PER_EPOCH)
