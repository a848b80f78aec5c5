"""A tree in a file, so that another process proves at once: numpy arrays, mapped and not read."""

import json
import os
from pathlib import Path

import numpy as np

from keel.consensus.state.errors import TreeFileError
from keel.consensus.state.merkle import ListTree, MerkleTree, Nodes
from keel.consensus.state.tree import StateTree

_FORMAT = 1
_HEAD_BYTES = 4096
_TREES = ("fields", "validators", "balances", "header_fields")


def save_tree(tree: StateTree, path: Path) -> None:
    """Write a tree: one page that describes it as JSON, then the nodes, level by level."""
    trees = _parts(tree)
    head = {
        "format": _FORMAT,
        "root": tree.root.hex(),
        "positions": [tree.validators_position, tree.balances_position],
        "lengths": [tree.validators.length, tree.balances.length],
        "trees": {name: [part.depth, *map(len, part.levels)] for name, part in trees.items()},
    }
    part_path = path.with_suffix(f"{path.suffix}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with part_path.open("wb") as file:
        file.write(json.dumps(head).encode().ljust(_HEAD_BYTES))
        for part in trees.values():
            for level in part.levels:
                file.write(np.ascontiguousarray(level).data)
    part_path.replace(path)


def load_tree(path: Path, state_root: bytes) -> StateTree:
    """Map a file that `save_tree` wrote of the state with this root.

    Raises TreeFileError if there is none, or not of this state. Nodes are read when a proof needs
    them; since proofs are folded before they are handed out, a damaged file gives no wrong proof.
    """
    try:
        with path.open("rb") as file:
            head = json.loads(file.read(_HEAD_BYTES))
        nodes = np.memmap(path, np.uint8, mode="r", offset=_HEAD_BYTES).reshape(-1, 32)
        parts = _read_parts(head["trees"], nodes)
        positions, lengths, root = head["positions"], head["lengths"], bytes.fromhex(head["root"])
        known = head["format"] == _FORMAT
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TreeFileError(f"{path} holds no tree of a state") from error
    if not known or root != state_root or parts["fields"].root != state_root:
        raise TreeFileError(f"{path} is the tree of another state")
    return StateTree(
        parts["fields"],
        ListTree(parts["validators"], lengths[0]),
        ListTree(parts["balances"], lengths[1]),
        positions[0],
        positions[1],
        parts["header_fields"],
    )


def _parts(tree: StateTree) -> dict[str, MerkleTree]:
    parts = (tree.fields, tree.validators.chunks, tree.balances.chunks, tree.header_fields)
    return dict(zip(_TREES, parts, strict=True))


def _read_parts(shapes: dict[str, list[int]], nodes: Nodes) -> dict[str, MerkleTree]:
    parts, at = {}, 0
    for name in _TREES:
        depth, *counts = shapes[name]
        levels = []
        for count in counts:
            levels.append(nodes[at : at + count])
            at += count
        parts[name] = MerkleTree(tuple(levels), depth)
    if at != len(nodes):
        raise ValueError("a level is missing")
    return parts
