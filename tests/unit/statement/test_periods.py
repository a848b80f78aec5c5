"""Periods by name: quarters, days, moments and frames."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.model.frames import FrameGeometry
from keel.statement.periods import quarter, quarter_of, shown_time, span_of

FRAMES = FrameGeometry(genesis_time=1_700_000_000, seconds_per_slot=12, frame_slots=7_200)


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("name", "first", "end"),
    [
        ("2026Q4", "2026-10-01", "2027-01-01"),
        ("quarter 2026q1", "2026-01-01", "2026-04-01"),
        ("2026-11-28", "2026-11-28", "2026-11-29"),
        ("2026-11-28T06:30", "2026-11-28T06:30", "2026-11-28T06:30"),
        ("2026-11-28T06:30+02:00", "2026-11-28T04:30", "2026-11-28T04:30"),
    ],
)
def test_names_of_the_calendar(name: str, first: str, end: str) -> None:
    assert span_of(name, FRAMES) == (at(first), at(end))


@pytest.mark.parametrize("name", ["2026Q5", "yesterday", "2026-02-30", "", "-3", "9999-12-31x"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no period: a quarter such as 2026Q4"):
        span_of(name, FRAMES)


@given(st.integers(1, 10**6))
def test_a_frame_covers_the_moments_that_belong_to_it(number: int) -> None:
    first, end = span_of(f"frame {number}", FRAMES)
    assert FRAMES.frame_of(first) == FRAMES.frame_of(end - 1) == number
    assert FRAMES.frame_of(first - 1) == number - 1
    assert FRAMES.frame_of(end) == number + 1


@given(st.integers(1, 9_998), st.integers(1, 4))
def test_quarters_follow_each_other(year: int, number: int) -> None:
    first, end = quarter(year, number)
    following = quarter(year + number // 4, number % 4 + 1)
    assert following[0] == end
    assert quarter_of(first) == quarter_of(end - 1) == (first, end)


def test_a_time_is_shown_in_utc() -> None:
    assert shown_time(at("2026-11-28T06:30")) == "2026-11-28 06:30:00 UTC"
