"""Merkle trees that OpenZeppelin's MerkleProof verifies.

Nodes are keccak256 of the two children in ascending order. The layout is the complete binary tree
of `@openzeppelin/merkle-tree` with its sorting of leaves switched off: node i has the children
2i+1 and 2i+2, and the leaves fill the end of the array in reverse, so leaf 0 is the last node.
Leaves stay in the order given (for key batches, the order of keys). Leaves must be hashes of
something that is not 64 bytes long, such as the double hashes in `keel.model.commitment`, or an
inner node could pass for a leaf.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from eth_utils.crypto import keccak


@dataclass(frozen=True)
class MultiProof:
    """`proof` and `proof_flags` of MerkleProof.multiProofVerify, which takes `leaves` in order."""

    leaves: tuple[bytes, ...]
    proof: tuple[bytes, ...]
    proof_flags: tuple[bool, ...]


@dataclass(frozen=True)
class MerkleTree:
    """All nodes, the root first; made by `merkle_tree`."""

    nodes: tuple[bytes, ...]

    @property
    def root(self) -> bytes:
        """The 32-byte root; of a single leaf, that leaf."""
        return self.nodes[0]

    @property
    def leaf_count(self) -> int:
        """Number of leaves."""
        return (len(self.nodes) + 1) // 2

    def proof(self, index: int) -> tuple[bytes, ...]:
        """Siblings from leaf `index` up to the root; raises IndexError."""
        node = self._node_of_leaf(index)
        siblings = []
        while node > 0:
            siblings.append(self.nodes[_sibling(node)])
            node = _parent(node)
        return tuple(siblings)

    def multiproof(self, indices: Sequence[int]) -> MultiProof:
        """One proof of several leaves, which it puts in ascending order of index.

        Raises ValueError for no index (MerkleProof would accept the root as proof of nothing) or
        one given twice, IndexError for one out of range.
        """
        if not indices or len(set(indices)) != len(indices):
            raise ValueError(
                f"leaf indices {list(indices)}, at least one and no repetition expected"
            )
        ascending = sorted(indices)
        pending = [self._node_of_leaf(index) for index in ascending]
        proof: list[bytes] = []
        flags: list[bool] = []
        position = 0
        while pending[position] > 0:
            node = pending[position]
            position += 1
            pair_is_known = position < len(pending) and pending[position] == _sibling(node)
            if pair_is_known:
                position += 1
            else:
                proof.append(self.nodes[_sibling(node)])
            flags.append(pair_is_known)
            pending.append(_parent(node))
        leaves = tuple(self.nodes[self._node_of_leaf(index)] for index in ascending)
        return MultiProof(leaves, tuple(proof), tuple(flags))

    def _node_of_leaf(self, index: int) -> int:
        if not 0 <= index < self.leaf_count:
            raise IndexError(f"leaf {index}, 0 to {self.leaf_count - 1} expected")
        return len(self.nodes) - 1 - index


def merkle_tree(leaves: Sequence[bytes]) -> MerkleTree:
    """Build the tree over 32-byte leaves in the given order; raises ValueError without any."""
    if not leaves:
        raise ValueError("a Merkle tree needs at least one leaf")
    if any(len(leaf) != 32 for leaf in leaves):
        raise ValueError("Merkle leaves have 32 bytes")
    inner_count = len(leaves) - 1
    nodes = [b""] * inner_count + list(reversed(leaves))
    for node in reversed(range(inner_count)):
        nodes[node] = hash_pair(nodes[2 * node + 1], nodes[2 * node + 2])
    return MerkleTree(tuple(nodes))


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Root over the leaves. To prove many leaves build `merkle_tree` once."""
    return merkle_tree(leaves).root


def merkle_proof(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Proof of leaf `index`. To prove many leaves build `merkle_tree` once."""
    return merkle_tree(leaves).proof(index)


def merkle_multiproof(
    leaves: Sequence[bytes], indices: Sequence[int]
) -> tuple[tuple[bytes, ...], tuple[bool, ...]]:
    """`proof` and `proof_flags` for the leaves at `indices`, to be passed in ascending order."""
    multiproof = merkle_tree(leaves).multiproof(indices)
    return multiproof.proof, multiproof.proof_flags


def verify_merkle_proof(root: bytes, leaf: bytes, proof: Sequence[bytes]) -> bool:
    """Return what MerkleProof.verify returns."""
    node = leaf
    for sibling in proof:
        node = hash_pair(node, sibling)
    return node == root


def verify_merkle_multiproof(root: bytes, multiproof: MultiProof) -> bool:
    """Return what MerkleProof.multiProofVerify returns, and False where it would revert."""
    if len(multiproof.leaves) + len(multiproof.proof) != len(multiproof.proof_flags) + 1:
        return False
    siblings = iter(multiproof.proof)
    known = list(multiproof.leaves)
    position = 0
    for pair_is_known in multiproof.proof_flags:
        if position + 1 + pair_is_known > len(known):
            return False
        node = known[position]
        partner = known[position + 1] if pair_is_known else next(siblings, None)
        if partner is None:
            return False
        position += 1 + pair_is_known
        known.append(hash_pair(node, partner))
    rest = [*known[position:], *siblings]
    return rest == [root]


def hash_pair(one: bytes, other: bytes) -> bytes:
    """keccak256 of two nodes in ascending order."""
    return keccak(min(one, other) + max(one, other))


def _parent(node: int) -> int:
    return (node - 1) // 2


def _sibling(node: int) -> int:
    return node + 1 if node % 2 else node - 1
