"""Periods as people name them: a quarter, a day, a moment, or a frame."""

import re
from datetime import UTC, date, datetime, timedelta

from keel.model.frames import FrameGeometry

_QUARTER = re.compile(r"(?:quarter +)?([0-9]{4})Q([1-4])", re.IGNORECASE)
_FRAME = re.compile(r"(?:frame +)?([0-9]{1,9})")
_MONTHS = 3
_FORMS = "a quarter such as 2026Q4, a day such as 2026-11-28, a time or a frame's number expected"

type Span = tuple[int, int]
"""Unix seconds: from the first one on, and before the second one."""


def span_of(text: str, frames: FrameGeometry) -> Span:
    """What a name covers, in UTC; a moment covers nothing. Raises ValueError for what is none."""
    name = " ".join(text.split())
    if found := _QUARTER.fullmatch(name):
        return quarter(int(found[1]), int(found[2]))
    if found := _FRAME.fullmatch(name):
        number = int(found[1])
        first = frames.time_of(-1) + (number - 1) * frames.frame_seconds + 1
        return first, first + frames.frame_seconds
    try:
        day = date.fromisoformat(name)
        return _midnight(day), _midnight(day + timedelta(days=1))
    except (ValueError, OverflowError):
        pass
    try:
        moment = datetime.fromisoformat(name)
    except ValueError:
        raise ValueError(f"{text[:60]!r} is no period: {_FORMS}") from None
    time = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    return time, time


def quarter(year: int, number: int) -> Span:
    """A quarter of a year, from 1 to 4; raises ValueError for a year of no calendar."""
    following = (year, number * _MONTHS + 1) if number < 4 else (year + 1, 1)
    first = date(year, (number - 1) * _MONTHS + 1, 1)
    return _midnight(first), _midnight(date(*following, 1))


def quarter_of(time: int) -> Span:
    """The quarter that a moment is in."""
    day = datetime.fromtimestamp(time, UTC)
    return quarter(day.year, (day.month - 1) // _MONTHS + 1)


def shown_time(time: int) -> str:
    """A moment in UTC."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
