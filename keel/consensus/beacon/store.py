"""Blocks and states that the chain keeps: what an API serves, and another client can replay.

All blocks stay, as the bytes that a client would send. States are kept for each of the last slots,
and from then on for the first slot of each epoch; one in between is made again by replaying blocks
from there.
"""

from dataclasses import dataclass, field

from keel.consensus.beacon.errors import BeaconError
from keel.consensus.beacon.spec import Block, Spec, State, trusting_own_signatures

RECENT_EPOCHS = 4
"""Epochs behind the head for which every slot's state is kept."""


@dataclass
class Store:
    """`blocks` and `epoch_states` are SSZ; `latest_of` is each proposer's latest block."""

    spec: Spec
    genesis_root: bytes = b""
    blocks: dict[bytes, bytes] = field(default_factory=dict)
    roots: dict[int, bytes] = field(default_factory=dict)
    latest_of: dict[int, bytes] = field(default_factory=dict)
    recent_states: dict[int, State] = field(default_factory=dict)
    epoch_states: dict[int, bytes] = field(default_factory=dict)

    def begin(self, root: bytes, state: State) -> None:
        """Start with a genesis block's root, which has no block, and its state."""
        self.genesis_root = root
        self.roots[0] = root
        self.add_state(state)

    def add_block(self, block: Block) -> bytes:
        """Keep a block; returns its root."""
        root = bytes(self.spec.hash_tree_root(block.message))
        self.blocks[root] = self.spec.ssz_serialize(block)
        self.roots[int(block.message.slot)] = root
        self.latest_of[int(block.message.proposer_index)] = root
        return root

    def add_state(self, state: State) -> None:
        """Keep the state of a slot, missed or not; nobody may change it afterwards."""
        slot, epoch_slots = int(state.slot), int(self.spec.SLOTS_PER_EPOCH)
        if slot % epoch_slots == 0:
            self.epoch_states[slot] = self.spec.ssz_serialize(state)
        self.recent_states[slot] = state
        self.recent_states.pop(slot - RECENT_EPOCHS * epoch_slots, None)

    def forget_after(self, slot: int, state: State) -> None:
        """Go back to an earlier slot and its state."""
        self.roots = {at: root for at, root in self.roots.items() if at <= slot}
        kept = set(self.roots.values())
        self.blocks = {root: block for root, block in self.blocks.items() if root in kept}
        self.latest_of = {by: root for by, root in self.latest_of.items() if root in kept}
        self.epoch_states = {at: ssz for at, ssz in self.epoch_states.items() if at <= slot}
        self.recent_states = {at: each for at, each in self.recent_states.items() if at < slot}
        self.recent_states[slot] = state

    def block(self, root: bytes) -> Block:
        """Return a block by its root; raises BeaconError where there is none, as for genesis."""
        if root not in self.blocks:
            raise BeaconError(f"no block has the root 0x{root.hex()}")
        return self.spec.ssz_deserialize(self.spec.SignedBeaconBlock, self.blocks[root])

    def block_at(self, slot: int) -> Block | None:
        """Return the block of a slot, None if the slot was missed, is genesis or is ahead."""
        root = self.roots.get(slot)
        return None if root is None or root not in self.blocks else self.block(root)

    def root_at(self, slot: int) -> bytes:
        """Return the root of the latest block at or before a slot."""
        while slot not in self.roots:
            slot -= 1
            if slot < 0:
                raise BeaconError("slots are counted from 0")
        return self.roots[slot]

    def state_at(self, slot: int) -> State:
        """Return the state at the end of a slot, for reading; raises BeaconError if it is ahead."""
        if slot in self.recent_states:
            return self.recent_states[slot]
        if slot < 0 or slot > max(self.recent_states):
            raise BeaconError(f"slot {slot}, at most {max(self.recent_states)} expected")
        first = max(kept for kept in self.epoch_states if kept <= slot)
        state = self.spec.ssz_deserialize(self.spec.BeaconState, self.epoch_states[first])
        return self._replay(state, slot)

    def _replay(self, state: State, slot: int) -> State:
        """Apply the blocks up to a slot once more; their signatures were verified before."""
        for number in range(int(state.slot) + 1, slot + 1):
            self.spec.process_slots(state, self.spec.Slot(number))
            block = self.block_at(number)
            if block is not None:
                with trusting_own_signatures(True):
                    self.spec.process_block(state, block.message)
        return state
