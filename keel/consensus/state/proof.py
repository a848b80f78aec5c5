"""Proofs of validators and balances under a beacon block root, as EIP-4788 gives it out."""

from dataclasses import dataclass

from keel.consensus.beacon.spec import Spec
from keel.consensus.state.errors import ProofError
from keel.consensus.state.merkle import MerkleTree, hash_pair
from keel.consensus.state.tree import BALANCES_A_CHUNK, StateTree


@dataclass(frozen=True, slots=True)
class GeneralisedIndices:
    """Places in the trees of a fork: three under the state root, one under the block header's root.

    They are the first validator, the first chunk of balances, the first of the roots of older
    blocks, and the state root.
    """

    first_validator: int
    first_balances: int
    first_block_root: int
    state_root: int

    def validator(self, index: int) -> int:
        """A validator's root under the block root."""
        return joined(self.state_root, self.first_validator + index)

    def balance(self, index: int) -> int:
        """The chunk with a validator's balance under the block root."""
        return joined(self.state_root, self.first_balances + index // BALANCES_A_CHUNK)

    def block_root(self, position: int) -> int:
        """One of the roots of older blocks under the block root."""
        return joined(self.state_root, self.first_block_root + position)


@dataclass(frozen=True, slots=True)
class StateProof:
    """`branch` leads from `leaf` at the generalised index up to `block_root`."""

    leaf: bytes
    branch: tuple[bytes, ...]
    generalised_index: int
    block_root: bytes


def generalised_indices(spec: Spec) -> GeneralisedIndices:
    """The places that the specification's types give, found by the names of the fields."""
    return GeneralisedIndices(
        int(spec.get_generalized_index(spec.BeaconState, "validators", 0)),
        int(spec.get_generalized_index(spec.BeaconState, "balances", 0)),
        int(spec.get_generalized_index(spec.BeaconState, "block_roots", 0)),
        int(spec.get_generalized_index(spec.BeaconBlockHeader, "state_root")),
    )


def joined(upper: int, lower: int) -> int:
    """Generalised index of a place in the subtree whose root is at `upper`."""
    depth = lower.bit_length() - 1
    return upper << depth | lower - (1 << depth)


def prove_validator(tree: StateTree, indices: GeneralisedIndices, index: int) -> StateProof:
    """Prove a validator's root under the root of the state's latest block.

    Raises ProofError for an unknown validator, for a state of a slot without a block (no header
    holds its root), and when indices are not those of the state's fork.
    """
    leaf = tree.validators.chunks.leaf(index)
    branch = tree.validator_branch(index)
    return _under_block(tree, indices, leaf, branch, indices.validator(index))


def prove_validators(
    tree: StateTree, indices: GeneralisedIndices, first: int, size: int
) -> StateProof:
    """Prove the node above `size` neighbours; raises ProofError like `prove_validator`.

    `size` is a power of two that divides `first`; places beyond the last validator are empty.
    """
    if size < 1 or size & (size - 1) or first % size:
        raise ProofError(f"{size} validators from {first} on are not a subtree")
    tree.validators.chunks.leaf(first)
    height = size.bit_length() - 1
    leaf = tree.validators.chunks.node(height, first >> height)
    branch = tree.validator_branch(first)[height:]
    return _under_block(tree, indices, leaf, branch, indices.validator(first) >> height)


def prove_balance(tree: StateTree, indices: GeneralisedIndices, index: int) -> StateProof:
    """Prove the chunk that holds a validator's balance: four numbers of 8 bytes, little-endian.

    Raises ProofError like `prove_validator`.
    """
    if not 0 <= index < tree.balances.length:
        raise ProofError(f"balance {index}, 0 to {tree.balances.length - 1} expected")
    leaf = tree.balances.chunks.leaf(index // BALANCES_A_CHUNK)
    branch = tree.balance_branch(index)
    return _under_block(tree, indices, leaf, branch, indices.balance(index))


def prove_block_root(tree: StateTree, indices: GeneralisedIndices, slot: int) -> StateProof:
    """Prove the root of an older block, the last one up to a slot, by its place in the state.

    Raises ProofError if the state does not hold that slot's, or like `prove_validator`.
    """
    newest, held = tree.header_slot, len(tree.block_roots.levels[0])
    if not max(newest - held, 0) <= slot < newest:
        raise ProofError(f"slot {slot}, {max(newest - held, 0)} to {newest - 1} expected")
    leaf = tree.block_roots.leaf(slot % held)
    branch = tree.block_root_branch(slot % held)
    return _under_block(tree, indices, leaf, branch, indices.block_root(slot % held))


def root_by(leaf: bytes, branch: tuple[bytes, ...], generalised_index: int) -> bytes:
    """Fold a branch; raises ProofError if it has not the length which the index asks for."""
    if len(branch) != generalised_index.bit_length() - 1:
        raise ProofError(
            f"{len(branch)} hashes, {generalised_index.bit_length() - 1} expected at this index"
        )
    node = leaf
    for height, sibling in enumerate(branch):
        is_right = generalised_index >> height & 1
        node = hash_pair(sibling, node) if is_right else hash_pair(node, sibling)
    return node


def _under_block(
    tree: StateTree,
    indices: GeneralisedIndices,
    leaf: bytes,
    branch: tuple[bytes, ...],
    generalised_index: int,
) -> StateProof:
    header = tree.header_fields
    at = _position(header, indices.state_root)
    if header.leaf(at) != tree.root:
        raise ProofError("no block header holds this state's root: its slot has no block")
    whole = branch + header.branch(at)
    if root_by(leaf, whole, generalised_index) != header.root:
        raise ProofError("the branch does not lead to the block root: wrong indices or a bad file")
    return StateProof(leaf, whole, generalised_index, header.root)


def _position(fields: MerkleTree, generalised_index: int) -> int:
    position = generalised_index - (1 << fields.depth)
    if not 0 <= position < len(fields.levels[0]):
        raise ProofError(f"the header has no field at generalised index {generalised_index}")
    return position
