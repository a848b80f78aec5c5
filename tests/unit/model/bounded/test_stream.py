"""STR: rewards vest linearly."""

from hypothesis import assume, given
from hypothesis import strategies as st

from keel.model.bounded.stream import (
    Stream,
    empty_stream,
    shrink_stream,
    start_stream,
    stream_seconds,
    unvested_wei,
)
from keel.model.constants import DAY, RAY

NOW = 1_800_000_000
amounts = st.integers(1, 10**24)
lengths = st.integers(1, 60 * DAY)


@given(amounts, lengths, st.integers(0, 60 * DAY))
def test_unvested_is_the_straight_line_rounded_up(amount: int, length: int, passed: int) -> None:
    """STR-1."""
    left = unvested_wei(start_stream(amount, NOW, length), NOW + passed)
    exact = amount * max(0, length - passed)
    assert exact <= left * length < exact + length


@given(amounts, lengths)
def test_a_stream_starts_whole_and_ends_empty(amount: int, length: int) -> None:
    stream = start_stream(amount, NOW, length)
    assert unvested_wei(stream, NOW) == amount
    assert unvested_wei(stream, NOW + length - 1) > 0
    assert unvested_wei(stream, NOW + length) == 0


def test_nothing_to_vest_is_the_empty_stream() -> None:
    assert start_stream(0, NOW, 5) == empty_stream(NOW) == Stream(0, NOW, 0)
    assert unvested_wei(empty_stream(NOW), NOW) == 0


@given(amounts, lengths, st.integers(0, 10**9), st.data())
def test_a_loss_keeps_the_end(amount: int, length: int, passed: int, data: st.DataObject) -> None:
    """STR-4."""
    stream = start_stream(amount, NOW, length)
    now = NOW + passed % length
    before = unvested_wei(stream, now)
    lost = data.draw(st.integers(0, before))
    after = shrink_stream(stream, now, lost)
    assert unvested_wei(after, now) == before - lost
    assert after == empty_stream(now) if lost == before else after.end == stream.end


@given(amounts, st.integers(1, 10**26), lengths)
def test_length_is_the_largest_need_within_the_longest_stream(
    amount: int, visible: int, covered: int
) -> None:
    """STR-3."""
    cap = RAY * 75 // 100_000
    seconds = stream_seconds(
        amount,
        visible,
        frame_seconds=DAY,
        covered_seconds=covered,
        cap_ray_per_day=cap,
        max_seconds=30 * DAY,
    )
    assert min(covered, 30 * DAY) <= seconds
    assert DAY <= seconds <= 30 * DAY
    within_cap = amount * DAY * RAY <= seconds * cap * visible
    assert within_cap or seconds == 30 * DAY
    assume(seconds > max(DAY, covered))
    assert amount * DAY * RAY > (seconds - 1) * cap * visible


def test_an_empty_stream_has_no_length_and_one_over_nothing_the_longest() -> None:
    def length(amount: int) -> int:
        return stream_seconds(
            amount,
            0,
            frame_seconds=DAY,
            covered_seconds=DAY,
            cap_ray_per_day=RAY,
            max_seconds=30 * DAY,
        )

    assert (length(0), length(1)) == (0, 30 * DAY)
