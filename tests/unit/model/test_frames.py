"""STA-1, STA-2: where frames end and which state holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.model.frames import OPENINGS, Deed, Opening, State, is_open, state_at
from tests.unit.model.worlds import FRAME, FRAME_SLOTS, GENESIS_TIME, GEOMETRY

REF = GENESIS_TIME + 10 * FRAME


@given(st.integers(0, 10**9))
def test_the_newest_reference_slot_ends_a_frame_and_is_not_ahead(age: int) -> None:
    now = GENESIS_TIME + age
    slot = GEOMETRY.newest_reference_slot(now)
    assert slot == -1 or GEOMETRY.is_reference_slot(slot)
    assert slot == -1 or GEOMETRY.time_of(slot) <= now
    assert GEOMETRY.time_of(slot + FRAME_SLOTS) > now


@pytest.mark.parametrize(
    ("age", "announced", "slashed", "state"),
    [
        (FRAME - 1, False, False, State.NORMAL),
        (FRAME, False, False, State.AWAITING),
        (0, False, True, State.SLASHED),
        (FRAME, False, True, State.SLASHED),
        (0, True, False, State.ANNOUNCED),
        (3 * FRAME - 1, True, True, State.ANNOUNCED),
        (3 * FRAME - 1, False, True, State.SLASHED),
        (3 * FRAME - 1, False, False, State.AWAITING),
        (3 * FRAME, True, True, State.STALE),
        (14 * FRAME - 1, False, False, State.STALE),
        (14 * FRAME, True, True, State.DEAD),
    ],
)
def test_the_first_state_that_holds_is_the_state(
    age: int, announced: bool, slashed: bool, state: State
) -> None:
    assert state_at(REF + age, REF, FRAME, announced=announced, slashed=slashed) is state


@given(st.integers(0, 10**6), st.integers(0, FRAME - 1))
def test_a_frame_ends_with_its_reference_slot(number: int, before: int) -> None:
    """STA-7: a slashing in the second of the reference slot belongs to what that slot shows."""
    ends = GEOMETRY.time_of(number * FRAME_SLOTS - 1)
    assert GEOMETRY.frame_of(ends - before) == number
    assert GEOMETRY.frame_of(ends + 1) == number + 1


def test_what_is_always_open() -> None:
    always = {deed for deed in Deed if all(is_open(deed, state) for state in State)}
    assert always == {Deed.MOVE, Deed.CLAIM}


def test_nothing_is_finalised_or_swept_while_announced() -> None:
    for deed in (Deed.FINALISE, Deed.SWEEP):
        assert OPENINGS[deed][State.ANNOUNCED] is Opening.NO
