"""What a chain's specification remembers is what the package's own functions give."""

from collections.abc import Callable
from typing import Any

import pytest
import ssz.roots
from hypothesis import given, settings
from hypothesis import strategies as st

from keel.consensus.beacon.config import FORKS, Fork
from keel.consensus.beacon.remembered import copied
from keel.consensus.beacon.shuffle import shuffled
from keel.consensus.beacon.spec import State, spec_of_states
from tests.unit.consensus.state_examples import UINT64, small_state, spec_of

NEVER = 2**64 - 1
VALIDATORS = 30


@given(st.integers(1, 600), st.binary(min_size=32, max_size=32))
def test_validators_are_shuffled_as_specified(count: int, seed: bytes) -> None:
    spec, own = spec_of("fulu"), spec_of_states("fulu", "minimal")
    expected = own._compute_shuffled_permutation(own.Uint64(count), own.Bytes32(seed))
    assert shuffled(count, seed, int(own.SHUFFLE_ROUND_COUNT)) == [int(i) for i in expected]
    given_back = spec.compute_shuffled_permutation(spec.Uint64(count), spec.Bytes32(seed))
    assert given_back == expected
    assert {type(index) for index in given_back} == {spec.Uint64}


def test_a_number_of_rounds_changes_the_order() -> None:
    assert len({tuple(shuffled(100, b"\x07" * 32, rounds)) for rounds in range(5)}) == 5


@given(UINT64)
def test_square_roots_are_those_specified(n: int) -> None:
    spec, own = spec_of("fulu"), spec_of_states("fulu", "minimal")
    for kind in ("Uint64", "Gwei"):
        root = spec.integer_squareroot(getattr(spec, kind)(n))
        assert root == own.integer_squareroot(getattr(own, kind)(n))
        if n < NEVER:
            assert type(root) is getattr(spec, kind)


@pytest.mark.parametrize("fork", FORKS)
def test_who_took_part_follows_every_change_of_the_state(fork: Fork) -> None:
    spec, own = spec_of(fork), spec_of_states(fork, "minimal")
    state = small_state(fork, VALIDATORS, slot=30 * int(spec.SLOTS_PER_EPOCH))
    for validator in state.validators:
        validator.exit_epoch = spec.FAR_FUTURE_EPOCH
    seen = []

    def look() -> None:
        epoch = spec.get_current_epoch(state)
        for each in (epoch, spec.get_previous_epoch(state)):
            for flag in range(3):
                took_part = spec.get_unslashed_participating_indices(state, flag, each)
                assert took_part == own.get_unslashed_participating_indices(state, flag, each)
                seen.append(frozenset(map(int, took_part)))

    look()
    state.current_epoch_participation[3] = spec.ParticipationFlags(0)
    look()
    state.previous_epoch_participation[4] = spec.ParticipationFlags(1)
    look()
    state.validators[6].slashed = True
    look()
    state.slot += spec.SLOTS_PER_EPOCH
    look()
    assert len(set(seen)) > 6


def root_from_bytes(state: State) -> bytes:
    """The root of a state that remembers nothing."""
    return bytes(type(state).decode_bytes(state.encode_bytes()).hash_tree_root())


def change_validator(state: State) -> None:
    state.validators[6].slashed = True


def change_balance(state: State) -> None:
    state.balances[3] = type(state.balances[3])(1)


def change_block_root(state: State) -> None:
    state.block_roots[1] = type(state.block_roots[1])(b"\x01" * 32)


def change_header(state: State) -> None:
    state.latest_block_header.proposer_index = type(state.slot)(9)


def change_bits(state: State) -> None:
    state.justification_bits[0] = not state.justification_bits[0]


def add_deposit(state: State) -> None:
    state.pending_deposits.append(type(state.pending_deposits).ELEMENT_TYPE())


CHANGES = (
    change_validator,
    change_balance,
    change_block_root,
    change_header,
    change_bits,
    add_deposit,
)


@pytest.mark.parametrize("known", [True, False], ids=["roots known", "roots unknown"])
@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(CHANGES), st.booleans()), max_size=12))
def test_a_copy_and_its_original_have_each_their_own_root_after_any_changes(
    known: bool, changes: list[tuple[Callable[[State], None], bool]]
) -> None:
    state = small_state("fulu", VALIDATORS, slot=8)
    if known:
        state.hash_tree_root()
    twin = copied(state)
    for change, of_twin in changes:
        changed = twin if of_twin else state
        change(changed)
        changed.hash_tree_root()
    assert bytes(state.hash_tree_root()) == root_from_bytes(state)
    assert bytes(twin.hash_tree_root()) == root_from_bytes(twin)


def test_a_copy_does_not_root_its_parts_again(monkeypatch: pytest.MonkeyPatch) -> None:
    state = small_state("fulu", VALIDATORS, slot=8)
    state.hash_tree_root()
    rooted = []
    root = ssz.roots._root_from_layout

    def rooting(value: object) -> Any:
        rooted.append(type(value))
        return root(value)

    monkeypatch.setattr(ssz.roots, "_root_from_layout", rooting)
    copied(state).hash_tree_root()
    assert rooted == []
    state.copy().hash_tree_root()
    assert rooted != []
