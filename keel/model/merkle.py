"""Merkle trees that OpenZeppelin's MerkleProof verifies.

Nodes are keccak256 of the two children in ascending order. The layout is the complete binary tree
of `@openzeppelin/merkle-tree` with its sorting of leaves switched off: node i has the children
2i+1 and 2i+2, and the leaves fill the end of the array in reverse, so leaf 0 is the last node.
Leaves stay in the order given. They must be hashes of something that is not 64 bytes long, such as
the double hashes in `keel.model.commitment`, or an inner node could pass for a leaf.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from eth_utils.crypto import keccak


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


def verify_merkle_proof(root: bytes, leaf: bytes, proof: Sequence[bytes]) -> bool:
    """Return what MerkleProof.verify returns."""
    node = leaf
    for sibling in proof:
        node = hash_pair(node, sibling)
    return node == root


def hash_pair(one: bytes, other: bytes) -> bytes:
    """keccak256 of two nodes in ascending order."""
    return keccak(min(one, other) + max(one, other))


def _parent(node: int) -> int:
    return (node - 1) // 2


def _sibling(node: int) -> int:
    return node + 1 if node % 2 else node - 1
