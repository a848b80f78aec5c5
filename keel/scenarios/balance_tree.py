"""`validatorsRoot` of a report: a Merkle tree whose nodes carry the sum of the balances below."""

from collections.abc import Sequence
from dataclasses import dataclass

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from keel.model.commitment import public_key_hash


@dataclass(frozen=True, slots=True)
class ValidatorBalance:
    """One validator at the reference slot; `index` is its place in the beacon state."""

    index: int
    pubkey: bytes
    balance_gwei: int
    slashed: bool


@dataclass(frozen=True, slots=True)
class SumNode:
    """Hash and sum; the sums of both children are hashed too, so none can be exchanged."""

    hash: bytes
    balance_gwei: int


def balance_root(validators: Sequence[ValidatorBalance]) -> SumNode:
    """Build the root over validators in order; 32 zero bytes and 0 where there is none."""
    level = [_leaf(validator) for validator in validators]
    if not level:
        return SumNode(bytes(32), 0)
    while len(level) > 1:
        pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
        level = [_parent(*pair) if len(pair) == 2 else pair[0] for pair in pairs]
    return level[0]


def _leaf(validator: ValidatorBalance) -> SumNode:
    types = ("uint256", "bytes32", "uint256", "bool")
    values = (
        validator.index,
        public_key_hash(validator.pubkey),
        validator.balance_gwei,
        validator.slashed,
    )
    return SumNode(keccak(keccak(encode(types, values))), validator.balance_gwei)


def _parent(left: SumNode, right: SumNode) -> SumNode:
    types = ("bytes32", "uint256", "bytes32", "uint256")
    encoded = encode(types, (left.hash, left.balance_gwei, right.hash, right.balance_gwei))
    return SumNode(keccak(encoded), left.balance_gwei + right.balance_gwei)
