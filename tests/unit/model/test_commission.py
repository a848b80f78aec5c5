"""COM-1 to COM-3: commissions, what they are in a span of time, and what they make of a profit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.model.commission import (
    Commission,
    CommissionChange,
    CommissionSpan,
    bps_seconds,
    set_commission,
)
from keel.model.registry_errors import CommissionOutOfBounds
from keel.model.rewards import distribute

FRAME = 3
RISE = 14 * FRAME
commissions = st.integers(500, 1_400)
calls = st.lists(st.tuples(st.integers(0, 60), commissions), min_size=1, max_size=6)
weights = st.dictionaries(st.integers(0, 4), st.integers(0, 10**20), min_size=1)
spans = st.dictionaries(st.integers(0, 4), commissions, min_size=5, max_size=5)


def history(waits: list[tuple[int, int]]) -> tuple[list[CommissionChange], dict[int, int]]:
    """Changes after these waits, as the registry says them, and what was in force each second."""
    now, commission = 0, None
    changes: list[CommissionChange] = []
    in_force: dict[int, int] = {}
    for wait, bps in waits:
        for second in range(now, now + wait):
            in_force[second] = bps if commission is None else commission.at(second)
        now += wait
        commission = set_commission(commission, now, bps, FRAME)
        changes.append(CommissionChange(now, bps, commission.since))
    assert commission is not None
    for second in range(now, now + 100):
        in_force[second] = commission.at(second)
    return changes, in_force


@given(calls, st.integers(0, 150), st.integers(0, 150))
def test_a_commission_counts_by_the_second(
    waits: list[tuple[int, int]], start: int, seconds: int
) -> None:
    """COM-2: also before the first call, from the middle of a frame on, and what was replaced."""
    changes, in_force = history(waits)
    end = min(start + seconds, max(in_force) + 1)
    start = min(start, end)
    told = [change for change in changes if change.time <= end] or changes[:1]
    expected = sum(in_force[second] for second in range(start, end))
    assert bps_seconds(told, start, end) == expected


@given(commissions, commissions)
def test_a_fall_is_in_force_at_once_and_a_rise_after_14_frames(first: int, second: int) -> None:
    """COM-1."""
    before = set_commission(None, 5, first, FRAME)
    assert (before.at(5), before.since) == (first, 5)
    after = set_commission(before, 100, second, FRAME)
    assert after.at(100) == min(first, second)
    if second > first:
        assert (after.at(100 + RISE - 1), after.at(100 + RISE)) == (first, second)


def test_a_new_rise_waits_anew_and_the_present_takes_one_back() -> None:
    """COM-1: nobody shortens the time by calling again."""
    pending = set_commission(Commission(600, 600, 0), 100, 900, FRAME)
    again = set_commission(pending, 100 + RISE - 1, 901, FRAME)
    assert again.at(100 + RISE) == again.at(100 + 2 * RISE - 2) == 600
    assert again.at(100 + 2 * RISE - 1) == 901
    back = set_commission(pending, 100 + RISE - 1, 600, FRAME)
    assert back.at(100 + 9 * RISE) == 600


@pytest.mark.parametrize("bps", [0, 499, 1_401])
def test_none_beyond_the_bounds_is_taken(bps: int) -> None:
    """COM-1."""
    with pytest.raises(CommissionOutOfBounds) as caught:
        set_commission(None, 0, bps, FRAME)
    assert list(caught.value.arguments.values()) == [bps, 500, 1_400]


@given(weights, spans, st.integers(1, 10**6))
def test_operators_part_is_between_the_cheapest_and_the_dearest(
    weighted: dict[int, int], bps: dict[int, int], seconds: int
) -> None:
    """COM-2."""
    span = CommissionSpan(seconds, {number: each * seconds for number, each in bps.items()})
    part = span.operators_bps(weighted)
    if not sum(weighted.values()):
        assert part == 0
        return
    working = [bps[number] for number, weight in weighted.items() if weight]
    assert min(working) <= part <= max(working)


@given(weights, spans, st.sampled_from(range(5)), st.integers(1, 900))
def test_who_asks_for_less_leaves_more_and_receives_a_smaller_part(
    weighted: dict[int, int], bps: dict[int, int], number: int, cheaper: int
) -> None:
    """COM-2, COM-3."""
    low = bps | {number: max(500, bps[number] - cheaper)}
    before, after = CommissionSpan(1, bps), CommissionSpan(1, low)
    assert after.operators_bps(weighted) <= before.operators_bps(weighted)
    shares = 10**27
    mine = [
        distribute({}, shares, span.weighted(weighted)).get(number, 0) for span in (before, after)
    ]
    assert mine[1] <= mine[0]


def test_a_rise_in_mid_frame_pays_by_the_second() -> None:
    """COM-2, COM-3: of a day's frame one operator had 500 to 06:00, then 1,300."""
    hour = 3_600
    changes = [CommissionChange(-99, 500, -99), CommissionChange(-8 * hour, 1_300, 6 * hour)]
    rising = bps_seconds(changes, 0, 24 * hour)
    assert rising == 500 * 6 * hour + 1_300 * 18 * hour
    span = CommissionSpan(24 * hour, {0: rising, 1: 500 * 24 * hour})
    assert span.operators_bps({0: 1, 1: 1}) == (1_100 + 500) // 2
    assert distribute({}, 1_600, span.weighted({0: 1, 1: 1})) == {0: 1_100, 1: 500}
