import hashlib

import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from keel.model.commitment import (
    OperatorTotals,
    operator_leaf,
    operators_tree,
    public_key_hash,
)
from keel.model.merkle import (
    hash_pair,
    merkle_tree,
    verify_merkle_proof,
)

NUMBERED_LEAVES = [number.to_bytes(32, "big") for number in range(1, 8)]

distinct_leaves = st.lists(
    st.binary(min_size=32, max_size=32), min_size=1, max_size=40, unique=True
)


def hex_tuple(*words: str) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(word) for word in words)


# Made by SimpleMerkleTree of npm @openzeppelin/merkle-tree 1.0.8 with sortLeaves off.
@pytest.mark.parametrize(
    ("count", "root", "proof_of_3"),
    [
        (
            5,
            "f6c00687a2a50c87101e36eddc215e458f8ca89ee0fb3be978e73e0ea380b768",
            hex_tuple(
                "0000000000000000000000000000000000000000000000000000000000000003",
                "8ccb1afe9004b46e81f9742458856abcec79e407373a838bac2e3a4e97e00ec6",
            ),
        ),
        (
            7,
            "84bf77bb7dfc1e0404c86d05bb0324eee48459997c6ef66ba4c6bf5738b50160",
            hex_tuple(
                "0000000000000000000000000000000000000000000000000000000000000003",
                "bfd358e93f18da3ed276c3afdbdba00b8f0b6008a03476a6a86bd6320ee6938b",
                "ebc598132973f0794e93f6225a9a28b1a3081282a66cffec35979b0f8976e8cf",
            ),
        ),
    ],
)
def test_tree_is_that_of_openzeppelin(count: int, root: str, proof_of_3: tuple[bytes, ...]) -> None:
    leaves = NUMBERED_LEAVES[:count]
    assert merkle_tree(leaves).root.hex() == root
    assert merkle_tree(leaves).proof(3) == proof_of_3


def test_single_leaf_is_its_own_root() -> None:
    leaf = NUMBERED_LEAVES[0]
    assert merkle_tree([leaf]).root == leaf
    assert merkle_tree([leaf]).proof(0) == ()


@given(leaves=distinct_leaves, data=st.data())
def test_each_leaf_proves_and_no_other_does(leaves: list[bytes], data: st.DataObject) -> None:
    tree = merkle_tree(leaves)
    stranger = data.draw(st.binary(min_size=32, max_size=32).filter(lambda x: x not in leaves))
    for index, leaf in enumerate(leaves):
        proof = tree.proof(index)
        assert verify_merkle_proof(tree.root, leaf, proof)
        assert not verify_merkle_proof(tree.root, stranger, proof)
        for level in range(len(proof)):
            altered = (*proof[:level], stranger, *proof[level + 1 :])
            assert not verify_merkle_proof(tree.root, leaf, altered)


@given(leaves=distinct_leaves, data=st.data())
def test_proof_of_one_leaf_proves_only_its_pair(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    other = data.draw(st.integers(0, len(leaves) - 1).filter(lambda i: i != index or i == 0))
    tree = merkle_tree(leaves)
    proof = tree.proof(index)
    assert verify_merkle_proof(tree.root, leaves[other], proof) == (other == index)


@given(leaves=distinct_leaves, data=st.data())
def test_root_depends_on_every_leaf_and_its_place(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    altered = [*leaves[:index], keccak(leaves[index]), *leaves[index + 1 :]]
    assert merkle_tree(altered).root != merkle_tree(leaves).root
    if len(leaves) > 2:
        assert merkle_tree([*leaves[-1:], *leaves[:-1]]).root != merkle_tree(leaves).root


def test_leaves_are_at_least_one_and_32_bytes_each() -> None:
    assert len(merkle_tree([bytes(32)]).root) == 32
    with pytest.raises(ValueError, match="at least one leaf"):
        merkle_tree([])
    with pytest.raises(ValueError, match="32 bytes"):
        merkle_tree([bytes(32), bytes(31)])


@pytest.mark.parametrize("index", [-1, 7])
def test_index_beyond_the_leaves_is_refused(index: int) -> None:
    tree = merkle_tree(NUMBERED_LEAVES)
    assert tree.leaf_count == 7
    with pytest.raises(IndexError, match=f"leaf {index}, 0 to 6"):
        tree.proof(index)


def test_pairs_hash_the_same_in_either_order() -> None:
    one, other = NUMBERED_LEAVES[:2]
    assert hash_pair(one, other) == hash_pair(other, one) == keccak(one + other)


def test_public_key_hash_is_its_ssz_root() -> None:
    key = bytes(range(48))
    assert public_key_hash(key) == hashlib.sha256(key + bytes(16)).digest()
    with pytest.raises(ValueError, match="public key of 47 bytes, 48 expected"):
        public_key_hash(key[:47])


def test_operator_leaf_hashes_its_eight_words_twice() -> None:
    totals = OperatorTotals(
        operator_id=1,
        active=2,
        exited=3,
        slashed=4,
        cumulative_reward_shares=2**130,
        cumulative_charged_shares=5,
        cumulative_weight=2**90,
        cumulative_full_weight=2**91,
    )
    words = b"".join(word.to_bytes(32) for word in (1, 2, 3, 4, 2**130, 5, 2**90, 2**91))
    assert operator_leaf(totals) == keccak(keccak(words))
    assert operators_tree([totals]).root == operator_leaf(totals)
