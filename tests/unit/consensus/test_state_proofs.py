"""Roots are those of the specification, and its own check accepts every proof."""

from dataclasses import replace
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keel.consensus.beacon.config import FORKS, Fork
from keel.consensus.beacon.spec import State
from keel.consensus.state.encoded_state import read_state
from keel.consensus.state.errors import ProofError
from keel.consensus.state.merkle import hash_pairs
from keel.consensus.state.proof import (
    GeneralisedIndices,
    StateProof,
    generalised_indices,
    prove_balance,
    prove_validator,
)
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
