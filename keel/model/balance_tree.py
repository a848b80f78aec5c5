"""`validatorsRoot` of a report: a Merkle tree whose nodes carry the part of C below (REP-11).

A leaf is hashed twice, as in `keel.model.commitment`. The words that Solidity's `abi.encode` would
give are joined here by hand, and hashed by the quickest of eth-hash's backends: a report has a
leaf for each of some 30,000 validators.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from eth_hash.backends.pysha3 import keccak256

from keel.model.commitment import public_key_hash

_WORD_BYTES = 32


@dataclass(frozen=True, slots=True)
class ValidatorBalance:
    """One validator at the reference slot; `index` is its place in the beacon state.

    It counts in C by its balance, pending deposits included, less its expected penalty.
    """

    index: int
    pubkey: bytes
    balance_gwei: int
    slashed: bool
    penalty_gwei: int = 0


@dataclass(frozen=True, slots=True)
class SumNode:
    """Hash and sum; the sums of both children are hashed too, so none can be exchanged."""

    hash: bytes
    worth_gwei: int


type _Node = tuple[bytes, int]


def balance_root(validators: Sequence[ValidatorBalance]) -> SumNode:
    """Build the root over validators in order; 32 zero bytes and 0 where there is none."""
    level = [_leaf(validator) for validator in validators]
    if not level:
        return SumNode(bytes(32), 0)
    while len(level) > 1:
        parents = [_parent(level[at - 1], level[at]) for at in range(1, len(level), 2)]
        level = [*parents, level[-1]] if len(level) % 2 else parents
    return SumNode(*level[0])


def _leaf(validator: ValidatorBalance) -> _Node:
    encoded = (
        _word(validator.index)
        + public_key_hash(validator.pubkey)
        + _word(validator.balance_gwei)
        + _word(validator.penalty_gwei)
        + _word(validator.slashed)
    )
    return keccak256(keccak256(encoded)), validator.balance_gwei - validator.penalty_gwei


def _parent(left: _Node, right: _Node) -> _Node:
    encoded = left[0] + _word(left[1]) + right[0] + _word(right[1])
    return keccak256(encoded), left[1] + right[1]


def _word(number: int) -> bytes:
    return number.to_bytes(_WORD_BYTES, "big")
