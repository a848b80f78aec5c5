"""What a chain's specification computes once for all validators is what the package's own gives."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keel.consensus.beacon.config import FORKS, Fork
from keel.consensus.beacon.spec import Spec, State, list_of, spec_of_states
from tests.unit.consensus.state_examples import NEVER, spec_of, state_with

EPOCH = 30
GWEI = 10**9
MOST_SCORE = 2**20
"""Where the specification's own products of 64 bits do not overflow."""

EPOCHS = st.sampled_from([0, EPOCH - 1, EPOCH, EPOCH + 1, NEVER])
VALIDATORS = st.tuples(
    st.integers(0, 2048).map(lambda ether: ether * GWEI),
    st.booleans(),
    EPOCHS,
    EPOCHS,
    EPOCHS,
    st.integers(0, 3 * 10**7),
    st.integers(0, 7),
    st.integers(0, MOST_SCORE),
)
"""Effective balance, slashed, activation, exit, withdrawable, gwei, flags, score."""


@st.composite
def pairs(draw: st.DrawFn, fork: Fork, least: int = 0) -> tuple[Spec, State, Spec, State]:
    """The same state for a chain's specification and for the package's own."""
    drawn = draw(st.lists(VALIDATORS, min_size=least, max_size=30))
    spec, own = spec_of(fork), spec_of_states(fork, "minimal")
    fields = [
        (bytes([number + 1]) * 48, b"\x01" * 32, effective, slashed, 0, *epochs)
        for number, (effective, slashed, *epochs, _, _, _) in enumerate(drawn)
    ]
    epoch, final = draw(st.sampled_from([(0, 0), (EPOCH, 0), (EPOCH, EPOCH - 3)]))
    slot = (epoch + 1) * int(spec.SLOTS_PER_EPOCH) - 1
    state = state_with(fork, fields, [each[5] for each in drawn], slot)
    flags = list_of(state, "previous_epoch_participation", [each[6] for each in drawn])
    state.previous_epoch_participation = flags
    state.inactivity_scores = list_of(state, "inactivity_scores", [each[7] for each in drawn])
    state.finalized_checkpoint.epoch = spec.Epoch(final)
    return spec, state, own, own.BeaconState.decode_bytes(state.encode_bytes())


@pytest.mark.parametrize("step", ["process_inactivity_updates", "process_rewards_and_penalties"])
@pytest.mark.parametrize("fork", FORKS)
@settings(max_examples=25)
@given(data=st.data())
def test_a_step_of_an_epoch_leaves_the_same_state(
    fork: Fork, step: str, data: st.DataObject
) -> None:
    spec, state, own, owns = data.draw(pairs(fork))
    assert getattr(spec, step) is not getattr(own, step)
    getattr(spec, step)(state)
    getattr(own, step)(owns)
    assert state.encode_bytes() == owns.encode_bytes()


@pytest.mark.parametrize("fork", FORKS)
@settings(max_examples=25)
@given(data=st.data(), flag=st.integers(0, 2))
def test_rewards_are_those_specified(fork: Fork, data: st.DataObject, flag: int) -> None:
    spec, state, own, owns = data.draw(pairs(fork))
    found = spec.get_flag_index_deltas(state, flag)
    expected = own.get_flag_index_deltas(owns, flag)
    assert [list(map(int, each)) for each in found] == [list(map(int, each)) for each in expected]
    assert {type(each) for both in found for each in both} <= {spec.Gwei}
    for index in range(len(state.validators)):
        assert spec.get_base_reward(state, index) == own._get_base_reward(owns, index)


@pytest.mark.parametrize("fork", FORKS)
@settings(max_examples=25)
@given(data=st.data(), seed=st.binary(min_size=32, max_size=32))
def test_proposers_are_drawn_as_specified(fork: Fork, data: st.DataObject, seed: bytes) -> None:
    spec, state, own, owns = data.draw(pairs(fork, least=1))
    state.validators[0].effective_balance = owns.validators[0].effective_balance = spec.Gwei(GWEI)
    indices = range(len(state.validators))

    def drawn_by(of: Any, state: State) -> int:
        among = [of.ValidatorIndex(index) for index in indices]
        return int(of.compute_proposer_index(state, among, of.Bytes32(seed)))

    assert drawn_by(spec, state) == drawn_by(own, owns)
