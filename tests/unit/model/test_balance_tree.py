"""`validatorsRoot`: the quick way gives what a plain reading of the definition gives."""

from dataclasses import replace
from hashlib import sha256

from eth_abi.abi import encode
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from keel.model.balance_tree import SumNode, ValidatorBalance, balance_root

validators = st.builds(
    ValidatorBalance,
    index=st.integers(0, 2**64 - 1),
    pubkey=st.binary(min_size=48, max_size=48),
    balance_gwei=st.integers(2**63, 2**64 - 1),
    slashed=st.booleans(),
    penalty_gwei=st.integers(0, 2**63),
)


def slow_root(leaves: list[ValidatorBalance]) -> SumNode:
    """The definition, word by word with eth-abi: the left half is the largest power of two."""
    if len(leaves) == 1:
        one = leaves[0]
        key = sha256(one.pubkey + bytes(16)).digest()
        words = encode(
            ("uint256", "bytes32", "uint256", "uint256", "bool"),
            (one.index, key, one.balance_gwei, one.penalty_gwei, one.slashed),
        )
        return SumNode(keccak(keccak(words)), one.balance_gwei - one.penalty_gwei)
    half = 1 << (len(leaves) - 1).bit_length() - 1
    left, right = slow_root(leaves[:half]), slow_root(leaves[half:])
    words = encode(
        ("bytes32", "uint256", "bytes32", "uint256"),
        (left.hash, left.worth_gwei, right.hash, right.worth_gwei),
    )
    return SumNode(keccak(words), left.worth_gwei + right.worth_gwei)


@given(st.lists(validators, min_size=1, max_size=40))
def test_the_root_is_that_of_the_definition(leaves: list[ValidatorBalance]) -> None:
    assert balance_root(leaves) == slow_root(leaves)


@given(st.lists(validators, min_size=1, max_size=12), st.data())
def test_every_field_of_every_leaf_is_in_the_root(
    leaves: list[ValidatorBalance], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(leaves) - 1))
    one = leaves[at]
    for other in (
        replace(one, index=one.index ^ 1),
        replace(one, pubkey=bytes([one.pubkey[0] ^ 1]) + one.pubkey[1:]),
        replace(one, balance_gwei=one.balance_gwei ^ 1),
        replace(one, penalty_gwei=abs(one.penalty_gwei - 1)),
        replace(one, balance_gwei=one.balance_gwei + 1, penalty_gwei=one.penalty_gwei + 1),
        replace(one, slashed=not one.slashed),
    ):
        changed = balance_root([*leaves[:at], other, *leaves[at + 1 :]])
        assert changed.hash != balance_root(leaves).hash


def test_nothing_has_a_root_of_zeros() -> None:
    assert balance_root([]) == SumNode(bytes(32), 0)
