"""Roots are those of the specification, and its own check accepts every proof."""

from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keel.consensus.beacon.config import FORKS, Fork
from keel.consensus.beacon.spec import State, list_of
from keel.consensus.state.encoded_state import read_state
from keel.consensus.state.errors import ProofError
from keel.consensus.state.merkle import as_nodes, hash_pairs, merkle_tree
from keel.consensus.state.proof import (
    GeneralisedIndices,
    StateProof,
    generalised_indices,
    prove_balance,
    prove_block_root,
    prove_validator,
    prove_validators,
)
from keel.consensus.state.prover import Prover
from keel.consensus.state.tree import StateTree, state_tree
from tests.unit.consensus.state_examples import small_state, spec_of, states


@settings(max_examples=15, deadline=None)
@given(data=st.data(), fork=st.sampled_from(FORKS))
def test_roots_are_those_of_the_specification(data: st.DataObject, fork: Fork) -> None:
    state = data.draw(states(fork))
    spec = spec_of(fork)
    tree = _tree(state, fork)
    assert tree.validators.root == spec.hash_tree_root(state.validators)
    assert tree.balances.root == spec.hash_tree_root(state.balances)
    assert tree.root == spec.hash_tree_root(state)
    assert tree.header_fields.root == _block_root(state, fork)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.binary(min_size=40, max_size=40), max_size=40), at=st.integers(0, 8))
def test_neighbours_are_hashed_wherever_their_rows_lie(rows: list[bytes], at: int) -> None:
    pairs = len(rows) // 2
    table = np.frombuffer(b"".join(rows), np.uint8).reshape(-1, 40)[: 2 * pairs]
    nodes = [row[at : at + 32] for row in rows]
    expected = [sha256(nodes[2 * n] + nodes[2 * n + 1]).digest() for n in range(pairs)]
    assert hash_pairs(table[:, at : at + 32]).tobytes() == b"".join(expected)


@pytest.mark.parametrize("fork", FORKS)
@pytest.mark.parametrize("count", [1, 2, 5, 16, 33])
def test_every_validator_and_balance_is_proven_to_the_block_root(fork: Fork, count: int) -> None:
    state, spec = small_state(fork, count), spec_of(fork)
    tree, indices = _tree(state, fork), generalised_indices(spec_of(fork))
    for index in range(count):
        validator = prove_validator(tree, indices, index)
        balance = prove_balance(tree, indices, index)
        assert validator.leaf == spec.hash_tree_root(state.validators[index])
        at = index % 4 * 8
        assert int.from_bytes(balance.leaf[at : at + 8], "little") == state.balances[index]
        for proof in (validator, balance):
            assert proof.block_root == _block_root(state, fork)
            assert _specification_accepts(proof, fork)
            assert _folds(proof)
            assert not _folds(replace(proof, leaf=b"\x01" * 32))
            assert not _folds(replace(proof, generalised_index=proof.generalised_index ^ 1))


@pytest.mark.parametrize("count", [1, 5, 16, 33])
def test_the_node_above_neighbours_is_proven(count: int) -> None:
    tree, indices = _tree(small_state("fulu", count), "fulu"), generalised_indices(spec_of("fulu"))
    for height in range(8):
        size = 1 << height
        for first in range(0, count, size):
            proof = prove_validators(tree, indices, first, size)
            assert proof.generalised_index == indices.validator(first) >> height
            assert _specification_accepts(proof, "fulu")
            leaves = [tree.validators.chunks.node(0, first + n) for n in range(size)]
            assert merkle_tree(as_nodes(leaves), height).root == proof.leaf
    for first, size in ((0, 0), (0, 3), (1, 2), (6, 4)):
        with pytest.raises(ProofError, match=f"{size} validators from {first} on are not"):
            prove_validators(tree, indices, first, size)
    with pytest.raises(ProofError, match=f"leaf 64, 0 to {count - 1} expected"):
        prove_validators(tree, indices, 64, 8)


@pytest.mark.parametrize("fork", FORKS)
def test_roots_of_older_blocks_are_proven_by_their_slots(fork: Fork) -> None:
    state, spec = small_state(fork, 3, slot=100), spec_of(fork)
    state.block_roots = list_of(state, "block_roots", [bytes([n + 1]) * 32 for n in range(64)])
    tree, indices = _tree(state, fork), generalised_indices(spec)
    for slot in (36, 63, 64, 99):
        proof = prove_block_root(tree, indices, slot)
        assert proof.leaf == bytes([slot % 64 + 1]) * 32 == spec.get_block_root_at_slot(state, slot)
        assert _specification_accepts(proof, fork)
    for slot in (-1, 35, 100):
        with pytest.raises(ProofError, match=f"slot {slot}, 36 to 99 expected"):
            prove_block_root(tree, indices, slot)
    early = _tree(small_state(fork, 3, slot=2), fork)
    with pytest.raises(ProofError, match="slot 2, 0 to 1 expected"):
        prove_block_root(early, indices, 2)


def test_a_block_is_not_proven_by_a_newer_state_of_another_chain() -> None:
    older, newer = small_state("fulu", 3, slot=90), small_state("fulu", 3, slot=100)
    encoded = read_state(spec_of("fulu"), older.encode_bytes())
    prover = Prover(encoded, state_tree(encoded))
    with pytest.raises(ProofError, match="the newer state has another block at slot 90"):
        prover.older_block(_tree(newer, "fulu"), 1234)
    roots = [_block_root(older, "fulu") if n == 90 % 64 else bytes(32) for n in range(64)]
    newer.block_roots = list_of(newer, "block_roots", roots)
    block = prover.older_block(_tree(newer, "fulu"), 1234)
    assert (block.timestamp, block.slot, block.proposer_index) == (1234, 90, 3)
    assert len(block.older) == 6 + 6 + 3


def test_a_batch_holds_256_validators() -> None:
    """PRF-4."""
    encoded = read_state(spec_of("fulu"), small_state("fulu", 250, slot=9).encode_bytes())
    prover = Prover(encoded, state_tree(encoded))
    assert len(prover.fresh([0, 249]).leaves) == 256
    assert prover.fresh([4, 7])[:2] == (4, 0b1001)
    with pytest.raises(ProofError, match="a batch of 512 validators, 256 at most expected"):
        prover.fresh([0, 256])


@pytest.mark.parametrize("fork", FORKS)
def test_generalised_indices_are_those_that_contracts_use(fork: Fork) -> None:
    indices = generalised_indices(spec_of(fork))
    assert indices == GeneralisedIndices(0x960000000000, (64 + 12) * 2 << 38, (64 + 5) * 64, 11)
    assert indices.validator(5) == ((11 << 6 | 11) << 1) << 40 | 5
    assert indices.balance(5) == ((11 << 6 | 12) << 1) << 38 | 1
    assert indices.block_root(5) == (11 << 6 | 5) * 64 | 5


def test_proofs_have_the_length_that_contracts_expect() -> None:
    tree, indices = _tree(small_state("fulu", 3), "fulu"), generalised_indices(spec_of("fulu"))
    assert len(prove_validator(tree, indices, 2).branch) == 50
    assert len(prove_balance(tree, indices, 2).branch) == 48


def test_indices_of_another_fork_prove_nothing() -> None:
    tree, indices = _tree(small_state("fulu", 3), "fulu"), generalised_indices(spec_of("fulu"))
    deeper = replace(indices, first_validator=indices.first_validator * 2)
    moved = replace(indices, first_balances=indices.first_balances + (1 << 39))
    with pytest.raises(ProofError, match="50 hashes, 51 expected at this index"):
        prove_validator(tree, deeper, 0)
    with pytest.raises(ProofError, match="does not lead to the block root"):
        prove_balance(tree, moved, 0)
    for state_root, reason in ((10, "no block header holds"), (21, "no field at generalised")):
        with pytest.raises(ProofError, match=reason):
            prove_balance(tree, replace(indices, state_root=state_root), 0)


def test_who_is_not_in_the_state_is_not_proven() -> None:
    tree, indices = _tree(small_state("fulu", 3), "fulu"), generalised_indices(spec_of("fulu"))
    for index in (-1, 3):
        with pytest.raises(ProofError, match=f"leaf {index}, 0 to 2 expected"):
            prove_validator(tree, indices, index)
        with pytest.raises(ProofError, match=f"balance {index}, 0 to 2 expected"):
            prove_balance(tree, indices, index)


def test_a_state_of_a_slot_without_a_block_is_under_no_header() -> None:
    spec, state = spec_of("fulu"), small_state("fulu", 3)
    indices = generalised_indices(spec)
    before = spec.hash_tree_root(state)
    assert prove_validator(_tree(state, "fulu"), indices, 0).block_root == _block_root(
        state, "fulu"
    )
    state.latest_block_header.state_root = before
    state.slot = spec.Slot(int(state.slot) + 1)
    with pytest.raises(ProofError, match="its slot has no block"):
        prove_validator(_tree(state, "fulu"), indices, 0)


def test_a_damaged_tree_gives_no_wrong_proof() -> None:
    tree, indices = _tree(small_state("fulu", 5), "fulu"), generalised_indices(spec_of("fulu"))
    whole = prove_validator(tree, indices, 0)
    tree.validators.chunks.levels[0][2][0] ^= 1
    assert prove_validator(tree, indices, 0) == whole
    for index in (2, 3):
        with pytest.raises(ProofError, match="does not lead to the block root"):
            prove_validator(tree, indices, index)


def _tree(state: State, fork: Fork) -> StateTree:
    return state_tree(read_state(spec_of(fork), state.encode_bytes()))


def _block_root(state: State, fork: Fork) -> bytes:
    """What the specification's process_slot makes of the header, and the next block points to."""
    spec = spec_of(fork)
    header = state.latest_block_header.copy()
    if header.state_root == spec.Root():
        header.state_root = spec.hash_tree_root(state)
    return bytes(spec.hash_tree_root(header))


def _specification_accepts(proof: StateProof, fork: Fork) -> bool:
    spec = spec_of(fork)
    return bool(
        spec.is_valid_merkle_branch(
            spec.Bytes32(proof.leaf),
            [spec.Bytes32(node) for node in proof.branch],
            spec.floorlog2(proof.generalised_index),
            spec.get_subtree_index(proof.generalised_index),
            spec.Root(proof.block_root),
        )
    )


def _folds(proof: StateProof) -> bool:
    """The same check, written as a contract would."""
    node, at = proof.leaf, proof.generalised_index
    for sibling in proof.branch:
        node = sha256(sibling + node if at % 2 else node + sibling).digest()
        at //= 2
    return at == 1 and node == proof.block_root
