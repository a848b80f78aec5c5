"""Rewards vest linearly.

STR-1: what is unvested falls linearly to 0 at the end of the stream, rounded up.
STR-2: a report without a loss adds its profit, less the fee, to what is unvested and starts again.
STR-3: the length is the largest of a frame, the time covered, and what keeps V within its cap a
day, but never above the longest stream.
STR-4: a loss takes from what is unvested first; what is left keeps the old end.
"""

from dataclasses import dataclass

from keel.model.constants import DAY, RAY
from keel.model.rounding import ceil_div


@dataclass(frozen=True)
class Stream:
    """`unvested_wei` when it was set, to be vested over `seconds` up to the time `end`."""

    unvested_wei: int
    end: int
    seconds: int


def empty_stream(now: int) -> Stream:
    """Nothing left to vest."""
    return Stream(0, now, 0)


def unvested_wei(stream: Stream, now: int) -> int:
    """U(now) of STR-1."""
    if now >= stream.end:
        return 0
    return ceil_div(stream.unvested_wei * (stream.end - now), stream.seconds)


def stream_seconds(
    unvested: int,
    visible_wei: int,
    *,
    frame_seconds: int,
    covered_seconds: int,
    cap_ray_per_day: int,
    max_seconds: int,
) -> int:
    """Length of STR-3; `visible_wei` is V after the report, its fee included."""
    if unvested == 0:
        return 0
    if visible_wei == 0:
        return max_seconds
    capped = ceil_div(unvested * DAY * RAY, cap_ray_per_day * visible_wei)
    return min(max(frame_seconds, covered_seconds, capped), max_seconds)


def start_stream(unvested: int, now: int, seconds: int) -> Stream:
    """Let `unvested` vest from now over `seconds` (STR-2)."""
    return Stream(unvested, now + seconds, seconds) if unvested else empty_stream(now)


def shrink_stream(stream: Stream, now: int, lost_wei: int) -> Stream:
    """Take a loss of at most U(now) from the stream (STR-4)."""
    left = unvested_wei(stream, now) - lost_wei
    return Stream(left, stream.end, stream.end - now) if left else empty_stream(now)
