"""What a chain's specification remembers is what the package's own functions give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.consensus.beacon.config import FORKS, Fork
from keel.consensus.beacon.remembered import shuffled
from keel.consensus.beacon.spec import spec_of_states
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
