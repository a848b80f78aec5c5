"""SSZ Merkle trees as levels of nodes; beyond the last node are known zero subtrees."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from keel.consensus.state.errors import ProofError
from keel.consensus.state.layout import CHUNK_BYTES, Container

type Nodes = NDArray[np.uint8]
"""Merkle nodes or chunks, one row of 32 bytes each."""

BATCH = 1 << 14
"""Records hashed together: their chunks take 4 MB."""

type Progress = Callable[[int], None]
"""Called with the number of records hashed since the last call."""


def hash_pair(left: bytes, right: bytes) -> bytes:
    """SHA-256 of one node."""
    return sha256(left + right).digest()


def hash_pairs(nodes: Nodes) -> Nodes:
    """Return n parents of 2n nodes; half a microsecond each, where the processor knows SHA-256."""
    pairs = np.ascontiguousarray(nodes).reshape(-1).view("V64").tolist()
    digests = b"".join([digest.digest() for digest in map(sha256, pairs)])
    return np.frombuffer(digests, np.uint8).reshape(-1, CHUNK_BYTES)


def _zero_nodes() -> tuple[bytes, ...]:
    nodes = [bytes(CHUNK_BYTES)]
    while len(nodes) <= 64:
        nodes.append(hash_pair(nodes[-1], nodes[-1]))
    return tuple(nodes)


ZERO_NODES = _zero_nodes()
"""Root of a tree of zero chunks, by depth."""


@dataclass(frozen=True)
class MerkleTree:
    """A tree of `depth` levels above its leaves, `levels[0]`; levels end at their last node."""

    levels: tuple[Nodes, ...]
    depth: int

    @cached_property
    def root(self) -> bytes:
        """The root, zero subtrees included."""
        return self.node(self.depth, 0)

    def leaf(self, index: int) -> bytes:
        """One leaf; raises ProofError beyond the last."""
        if not 0 <= index < len(self.levels[0]):
            raise ProofError(f"leaf {index}, 0 to {len(self.levels[0]) - 1} expected")
        return bytes(self.levels[0][index])

    def branch(self, index: int) -> tuple[bytes, ...]:
        """Siblings from a leaf up to the root; raises ProofError beyond the last leaf."""
        self.leaf(index)
        return tuple(self.node(level, (index >> level) ^ 1) for level in range(self.depth))

    def node(self, level: int, index: int) -> bytes:
        """One node; beyond the last it is an empty subtree."""
        top = min(level, len(self.levels) - 1)
        nodes, at = self.levels[top], index << (level - top)
        if at >= len(nodes):
            return ZERO_NODES[level]
        node = bytes(nodes[at])
        for height in range(top, level):
            node = hash_pair(node, ZERO_NODES[height])
        return node


@dataclass(frozen=True)
class ListTree:
    """The tree of a list: its elements' chunks, then the number of elements."""

    chunks: MerkleTree
    length: int

    @cached_property
    def root(self) -> bytes:
        """hash_tree_root of the list."""
        return hash_pair(self.chunks.root, self._length_chunk)

    def branch(self, chunk: int) -> tuple[bytes, ...]:
        """Siblings from a chunk up to the list's root."""
        return (*self.chunks.branch(chunk), self._length_chunk)

    @property
    def _length_chunk(self) -> bytes:
        return self.length.to_bytes(CHUNK_BYTES, "little")


def merkle_tree(leaves: Nodes, depth: int) -> MerkleTree:
    """Hash leaves level by level until one node is left."""
    levels = [leaves]
    while len(levels[-1]) > 1:
        nodes = levels[-1]
        pairs = len(nodes) // 2
        parents = hash_pairs(nodes[: 2 * pairs])
        if len(nodes) % 2:
            last = hash_pair(nodes[-1].tobytes(), ZERO_NODES[len(levels) - 1])
            parents = np.concatenate([parents, as_nodes([last])])
        levels.append(parents)
    return MerkleTree(tuple(levels), depth)


def field_tree(roots: Sequence[bytes]) -> MerkleTree:
    """The tree of a container's fields."""
    level, depth = list(roots), (len(roots) - 1).bit_length()
    levels = [as_nodes(level)]
    for height in range(depth):
        if len(level) % 2:
            level.append(ZERO_NODES[height])
        level = [hash_pair(level[at], level[at + 1]) for at in range(0, len(level), 2)]
        levels.append(as_nodes(level))
    return MerkleTree(tuple(levels), depth)


def as_nodes(roots: Sequence[bytes]) -> Nodes:
    """Rows of 32 bytes."""
    return np.frombuffer(b"".join(roots), np.uint8).reshape(-1, CHUNK_BYTES)


def packed_chunks(data: memoryview) -> Nodes:
    """Chunks of a list of numbers; a view if they are full, else a padded copy."""
    raw = np.frombuffer(data, np.uint8)
    missing = -len(raw) % CHUNK_BYTES
    whole = np.concatenate([raw, np.zeros(missing, np.uint8)]) if missing else raw
    return whole.reshape(-1, CHUNK_BYTES)


def record_roots(data: memoryview, record: Container, progress: Progress | None = None) -> Nodes:
    """hash_tree_root of each of many small containers that follow each other."""
    records = np.frombuffer(data, np.uint8).reshape(-1, record.fixed_bytes)
    roots = np.empty((len(records), CHUNK_BYTES), np.uint8)
    for first in range(0, len(records), BATCH):
        batch = records[first : first + BATCH]
        nodes = _record_chunks(batch, record)
        while len(nodes) > len(batch):
            nodes = hash_pairs(nodes)
        roots[first : first + len(batch)] = nodes
        if progress:
            progress(len(batch))
    return roots


def _record_chunks(batch: Nodes, record: Container) -> Nodes:
    width = 1 << (len(record.fields) - 1).bit_length()
    chunks = np.zeros((len(batch), width, CHUNK_BYTES), np.uint8)
    for number, field in enumerate(record.fields):
        size = field.size or 0
        values = batch[:, field.at : field.at + size]
        if size <= CHUNK_BYTES:
            chunks[:, number, :size] = values
        else:
            wide = np.zeros((len(batch), 2 * CHUNK_BYTES), np.uint8)
            wide[:, :size] = values
            chunks[:, number] = hash_pairs(wide.reshape(-1, CHUNK_BYTES))
    return chunks.reshape(-1, CHUNK_BYTES)
