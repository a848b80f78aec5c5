"""A beacon state of more than a million validators, as far as a proof sees it.

A proof of fresh validators leads up one path. So the state's other parts need not exist: each of
them is one sibling, a hash of its own place.
"""

from collections.abc import Sequence
from functools import reduce
from hashlib import sha256
from typing import Any

from keel.chain.rpc import RpcClient
from keel.chain.state import block_head
from keel.chain.system_contracts import set_beacon_root
from keel.consensus.state.merkle import ZERO_NODES, hash_pair
from keel.consensus.state.prover import ProvenBlock
from keel.model.commitment import public_key_hash
from keel.model.constants import GWEI, PREDEPOSIT_WEI

FIRST_INDEX = 2**20
"""Of the first validator that is proven; mainnet has about as many."""

_FULL_LEVELS, _LIST_LEVELS = 21, 40
_STATE_LEVELS, _VALIDATORS_FIELD = 6, 11
_SLOT, _PROPOSER = 10_000_000, 123_456
_NEVER = (2**64 - 1).to_bytes(8, "little").ljust(32, b"\0")


def show_fresh(
    rpc: RpcClient, credentials: bytes, pubkeys: Sequence[bytes], first: int
) -> tuple[Any, ...]:
    """Let EIP-4788 have the root of a state with these validators; arguments of `proveFresh`.

    They stand at FIRST_INDEX + `first`, a multiple of the next power of two from their number on.
    """
    size = 1 << (len(pubkeys) - 1).bit_length()
    first_index = FIRST_INDEX + first
    if first % size:
        raise ValueError(f"place {first}, a multiple of {size} expected")
    keys = [public_key_hash(pubkey) for pubkey in pubkeys]
    others = [_sibling("validator", number) for number in range(len(keys), size)]
    nodes = [_fresh_root(key, credentials) for key in keys] + others
    while len(nodes) > 1:
        nodes = [hash_pair(nodes[at], nodes[at + 1]) for at in range(0, len(nodes), 2)]
    block, branch = _show(rpc, nodes[0], first_index, size.bit_length() - 1, _SLOT)
    return block, first_index, (1 << len(keys)) - 1, (*keys, *others), branch, False


def show_validator(rpc: RpcClient, fields: Sequence[Any], place: int, slot: int) -> tuple[Any, ...]:
    """Let EIP-4788 have the root of a state of this slot with one validator at FIRST_INDEX + place.

    `fields` are those of its container. Returns what proves it whole.
    """
    index = FIRST_INDEX + place
    block, branch = _show(rpc, _validator_root(fields), index, 0, slot)
    return block, index, fields, branch


def _show(
    rpc: RpcClient, node: bytes, first_index: int, level: int, slot: int
) -> tuple[ProvenBlock, tuple[bytes, ...]]:
    in_list = [_sibling("list", height) for height in range(level, _FULL_LEVELS)]
    node = _climb(node, first_index >> level, in_list)
    empty = ZERO_NODES[_FULL_LEVELS:_LIST_LEVELS]
    node = _climb(node, first_index >> _FULL_LEVELS, empty)
    length = _sibling("length", 0)
    in_state = [_sibling("state", height) for height in range(_STATE_LEVELS)]
    state_root = _climb(hash_pair(node, length), _VALIDATORS_FIELD, in_state)
    parent, right_half = _sibling("header", 0), _sibling("header", 1)
    numbers = hash_pair(_chunk(slot), _chunk(_PROPOSER))
    root = hash_pair(hash_pair(numbers, hash_pair(parent, state_root)), right_half)
    timestamp = block_head(rpc).timestamp
    set_beacon_root(rpc, timestamp, root)
    return ProvenBlock(timestamp, slot, _PROPOSER), (
        *in_list,
        length,
        *in_state,
        parent,
        right_half,
    )


def _fresh_root(key: bytes, credentials: bytes) -> bytes:
    """hash_tree_root of a Validator as 1 ETH makes it (PRF-4)."""
    never = hash_pair(_NEVER, _NEVER)
    balance = hash_pair(_chunk(PREDEPOSIT_WEI // GWEI), bytes(32))
    return hash_pair(hash_pair(hash_pair(key, credentials), balance), hash_pair(never, never))


def _validator_root(fields: Sequence[Any]) -> bytes:
    """hash_tree_root of a Validator."""
    key, credentials, effective_gwei, slashed, *epochs = fields
    eligible, active, exit_, withdrawable = (_chunk(epoch) for epoch in epochs)
    balance = hash_pair(_chunk(effective_gwei), _chunk(int(slashed)))
    dates = hash_pair(hash_pair(eligible, active), hash_pair(exit_, withdrawable))
    return hash_pair(hash_pair(hash_pair(key, credentials), balance), dates)


def _climb(node: bytes, index: int, siblings: Sequence[bytes]) -> bytes:
    def joined(below: bytes, level: int) -> bytes:
        is_right = index >> level & 1
        return hash_pair(siblings[level], below) if is_right else hash_pair(below, siblings[level])

    return reduce(joined, range(len(siblings)), node)


def _sibling(what: str, number: int) -> bytes:
    return sha256(f"{what} {number}".encode()).digest()


def _chunk(number: int) -> bytes:
    return number.to_bytes(8, "little").ljust(32, b"\0")
