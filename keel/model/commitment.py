"""Leaves of the Merkle trees that contracts commit to; the trees are in `keel.model.merkle`.

Every leaf is hashed twice, so that no inner node (the hash of 64 bytes) can pass for a leaf.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from keel.model.merkle import MerkleTree, merkle_tree

PUBLIC_KEY_BYTES = 48


@dataclass(frozen=True)
class OperatorTotals:
    """One operator in a report (OPR-8); `cumulative_reward_shares` never falls."""

    operator_id: int
    active: int
    exited: int
    slashed: int
    cumulative_reward_shares: int
    cumulative_charged_shares: int = 0
    cumulative_weight: int = 0
    cumulative_full_weight: int = 0


def public_key_hash(public_key: bytes) -> bytes:
    """SSZ root of a BLS public key: sha256 of its 48 bytes and 16 zeros. KEY-1."""
    if len(public_key) != PUBLIC_KEY_BYTES:
        raise ValueError(f"public key of {len(public_key)} bytes, {PUBLIC_KEY_BYTES} expected")
    return hashlib.sha256(public_key + bytes(16)).digest()


def operator_leaf(totals: OperatorTotals) -> bytes:
    """Leaf of one operator in a report's `operatorsRoot`; every field is one word. OPR-4."""
    words = astuple(totals)
    return _double_hash(("uint256",) * len(words), words)


def operators_tree(operators: Sequence[OperatorTotals]) -> MerkleTree:
    """Tree of a report's operators, in the given order."""
    return merkle_tree([operator_leaf(totals) for totals in operators])


def _double_hash(types: tuple[str, ...], values: tuple[int | bytes, ...]) -> bytes:
    return keccak(keccak(encode(types, values)))
