"""Rewards vest linearly.

STR-1: what is unvested falls linearly to 0 at the end of the stream, rounded up.
STR-2: a report without a loss adds its profit, less the fee, to what is unvested and starts anew.
STR-3: the length is the larger of the mean of the times left, weighted by amount, and of what the
cap demands, whose base is the smaller of V and K + P. An insolvent vault has no cap, but an end.
STR-4: a loss takes from what is unvested first; what is left keeps the old end.
STR-5: K, what is staked on record, is C as far as it does not come from growth beyond the cap.
"""

from dataclasses import dataclass

from keel.model.constants import DAY, LONGEST_STREAM_SECONDS, RAY, STREAM_FRAMES
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


def capped_wei(cap_ray_per_day: int, seconds: int, base_wei: int) -> int:
    """What a cap per day allows in this time, rounded down."""
    return cap_ray_per_day * seconds * base_wei // (DAY * RAY)


def record_wei(
    before_wei: int, settled_wei: int, consensus_wei: int, *, cap_ray_per_day: int, seconds: int
) -> int:
    """K after a report (STR-5).

    `settled_wei` was staked since the last reference slot and by this one; `seconds` are those
    that rates count.
    """
    grown = before_wei + settled_wei + capped_wei(cap_ray_per_day, seconds, before_wei)
    return min(consensus_wei, grown)


def stream_seconds(
    unvested: int,
    left_seconds: int,
    added: int,
    *,
    frame_seconds: int,
    covered_seconds: int,
    cap_ray_per_day: int,
    base_wei: int,
    insolvent: bool,
) -> int:
    """Length of STR-3 for `unvested` wei with `left_seconds` to go and `added` wei of profit."""
    total = unvested + added
    if total == 0:
        return 0
    longest_mean = STREAM_FRAMES * frame_seconds
    usual = max(frame_seconds, covered_seconds)
    mean = ceil_div(unvested * min(left_seconds, longest_mean) + added * usual, total)
    if insolvent:
        return min(mean, longest_mean)
    if base_wei == 0:
        return LONGEST_STREAM_SECONDS
    capped = ceil_div(total * DAY * RAY, cap_ray_per_day * base_wei)
    return min(max(mean, capped), LONGEST_STREAM_SECONDS)


def start_stream(unvested: int, now: int, seconds: int) -> Stream:
    """Let `unvested` vest from now over `seconds` (STR-2)."""
    return Stream(unvested, now + seconds, seconds) if unvested else empty_stream(now)


def shrink_stream(stream: Stream, now: int, lost_wei: int) -> Stream:
    """Take a loss of at most U(now) from the stream (STR-4)."""
    left = unvested_wei(stream, now) - lost_wei
    return Stream(left, stream.end, stream.end - now) if left else empty_stream(now)
