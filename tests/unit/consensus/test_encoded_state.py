"""SSZ bytes of states: views agree with the specification, and other bytes are refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keel.consensus.beacon.config import FORKS, Fork
from keel.consensus.state.encoded_state import read_state
from keel.consensus.state.errors import EncodingError, LayoutError
from keel.consensus.state.layout import state_layout
from keel.measure.bench.states import encode_state
from tests.unit.consensus.state_examples import small_state, spec_of, states

VALIDATOR_BYTES = 121


@settings(max_examples=25, deadline=None)
@given(data=st.data(), fork=st.sampled_from(FORKS))
def test_views_hold_what_the_specification_encoded(data: st.DataObject, fork: Fork) -> None:
    state = data.draw(states(fork))
    read = read_state(spec_of(fork), state.encode_bytes())
    assert read.balances_gwei.tolist() == [int(balance) for balance in state.balances]
    assert len(read.validators) == len(state.validators)
    for row, validator in zip(read.validators, state.validators, strict=True):
        for name in type(validator).model_fields:
            expected = getattr(validator, name)
            found = bytes(row[name]) if isinstance(expected, bytes) else int(row[name])
            assert found == (bytes(expected) if isinstance(expected, bytes) else int(expected))


@pytest.mark.parametrize("fork", FORKS)
def test_other_fields_decode_to_the_specifications_objects(fork: Fork) -> None:
    state = small_state(fork, 5)
    read = read_state(spec_of(fork), state.encode_bytes())
    for name in type(state).model_fields:
        assert read.decoded(name) == getattr(state, name)
    with pytest.raises(LayoutError, match="no field 'validator_names'"):
        read.decoded("validator_names")


def test_fulu_has_a_field_more_than_electra() -> None:
    counts = [len(state_layout(spec_of(fork)).state.fields) for fork in FORKS]
    assert counts == [37, 38]
    electra = small_state("electra", 3).encode_bytes()
    assert len(read_state(spec_of("electra"), electra).validators) == 3
    with pytest.raises(EncodingError, match="first offset"):
        read_state(spec_of("fulu"), electra)


@pytest.mark.parametrize("fork", FORKS)
def test_arrays_encode_like_the_specifications_lists(fork: Fork) -> None:
    state = small_state(fork, 9)
    whole = state.encode_bytes()
    read = read_state(spec_of(fork), whole)
    bare = small_state(fork, 0)
    columns = {
        name: np.frombuffer(read.spans[name], np.uint8)
        for name in (
            "validators",
            "balances",
            "previous_epoch_participation",
            "current_epoch_participation",
            "inactivity_scores",
        )
    }
    assert encode_state(bare, columns) == whole
    with pytest.raises(EncodingError, match="slot: not a list of the state"):
        encode_state(bare, {"slot": np.zeros(1, "<u8")})


@pytest.fixture
def encoded() -> bytearray:
    return bytearray(small_state("fulu", 6).encode_bytes())


def _offset_at(name: str) -> int:
    return state_layout(spec_of("fulu")).state.field(name).at


def test_a_state_that_is_cut_off_is_refused(encoded: bytearray) -> None:
    read_state(spec_of("fulu"), encoded)
    with pytest.raises(EncodingError, match="100 bytes, at least"):
        read_state(spec_of("fulu"), encoded[:100])


def test_offsets_out_of_order_are_refused(encoded: bytearray) -> None:
    at = _offset_at("balances")
    encoded[at : at + 4] = (2**31).to_bytes(4, "little")
    with pytest.raises(EncodingError, match="balances begins at byte 2147483648 and ends at"):
        read_state(spec_of("fulu"), encoded)


def test_half_a_validator_is_refused(encoded: bytearray) -> None:
    at = _offset_at("balances")
    start = int.from_bytes(encoded[at : at + 4], "little")
    encoded[at : at + 4] = (start - 8).to_bytes(4, "little")
    with pytest.raises(EncodingError, match="validators has 718 bytes, not a multiple of 121"):
        read_state(spec_of("fulu"), encoded)


def test_a_balance_without_a_validator_is_refused(encoded: bytearray) -> None:
    at = _offset_at("balances")
    start = int.from_bytes(encoded[at : at + 4], "little")
    moved = (start - VALIDATOR_BYTES).to_bytes(4, "little")
    del encoded[start - VALIDATOR_BYTES : start - 121 + 1]  # so that balances stay whole numbers
    encoded[at : at + 4] = moved
    for field in state_layout(spec_of("fulu")).state.fields:
        if field.size is None and field.at > at:
            later = int.from_bytes(encoded[field.at : field.at + 4], "little") - 1
            encoded[field.at : field.at + 4] = later.to_bytes(4, "little")
    with pytest.raises(EncodingError, match="5 validators, but 21 balances"):
        read_state(spec_of("fulu"), encoded)


def test_a_boolean_other_than_nought_and_one_is_refused(encoded: bytearray) -> None:
    state = read_state(spec_of("fulu"), bytes(encoded))
    slashed_at = state.layout.validator.field("slashed").at
    at = _offset_at("validators")
    start = int.from_bytes(encoded[at : at + 4], "little")
    encoded[start + 4 * VALIDATOR_BYTES + slashed_at] = 2
    with pytest.raises(EncodingError, match="slashed of validator 4 is not a boolean"):
        read_state(spec_of("fulu"), encoded)
