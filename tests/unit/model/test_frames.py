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
    ("age", "announced", "state"),
    [
        (FRAME - 1, False, State.NORMAL),
        (FRAME, False, State.AWAITING),
        (0, True, State.ANNOUNCED),
        (3 * FRAME - 1, True, State.ANNOUNCED),
        (3 * FRAME - 1, False, State.AWAITING),
        (3 * FRAME, True, State.STALE),
        (14 * FRAME - 1, False, State.STALE),
        (14 * FRAME, True, State.DEAD),
    ],
)
def test_the_first_state_that_holds_is_the_state(age: int, announced: bool, state: State) -> None:
    assert state_at(REF + age, REF, FRAME, announced=announced) is state


def test_what_is_always_open() -> None:
    always = {deed for deed in Deed if all(is_open(deed, state) for state in State)}
    assert always == {Deed.MOVE, Deed.CLAIM}


def test_nothing_is_finalised_or_swept_while_announced() -> None:
    for deed in (Deed.FINALISE, Deed.SWEEP):
        assert OPENINGS[deed][State.ANNOUNCED] is Opening.NO
