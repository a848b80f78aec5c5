"""STR: rewards vest linearly, at a length that no report can shorten beyond the cap."""

from hypothesis import given
from hypothesis import strategies as st

from keel.model.constants import DAY, LONGEST_STREAM_SECONDS, RAY, STREAM_FRAMES
from keel.model.stream import (
    Stream,
    capped_wei,
    empty_stream,
    record_wei,
    shrink_stream,
    start_stream,
    stream_seconds,
    unvested_wei,
)

NOW = 1_800_000_000
CAP = RAY * 75 // 100_000
amounts = st.integers(1, 2**87) | st.integers(1, 1_000)
lengths = st.integers(1, 60 * DAY) | st.integers(1, LONGEST_STREAM_SECONDS)


def length(
    unvested: int, left: int, added: int, base: int, *, covered: int = DAY, insolvent: bool = False
) -> int:
    return stream_seconds(
        unvested,
        left,
        added,
        frame_seconds=DAY,
        covered_seconds=covered,
        cap_ray_per_day=CAP,
        base_wei=base,
        insolvent=insolvent,
    )


@given(amounts, lengths, st.integers(0, 60 * DAY))
def test_unvested_is_the_straight_line_rounded_up(amount: int, seconds: int, passed: int) -> None:
    """STR-1."""
    left = unvested_wei(start_stream(amount, NOW, seconds), NOW + passed)
    exact = amount * max(0, seconds - passed)
    assert exact <= left * seconds < exact + seconds


@given(amounts, lengths, st.integers(0, 10**9), st.data())
def test_a_loss_keeps_the_end(amount: int, seconds: int, passed: int, data: st.DataObject) -> None:
    """STR-4."""
    stream = start_stream(amount, NOW, seconds)
    now = NOW + passed % seconds
    before = unvested_wei(stream, now)
    lost = data.draw(st.integers(0, before))
    after = shrink_stream(stream, now, lost)
    assert unvested_wei(after, now) == before - lost
    assert after == empty_stream(now) if lost == before else after.end == stream.end


@given(amounts | st.just(0), lengths, amounts | st.just(0), amounts, st.integers(1, 60 * DAY))
def test_the_length_keeps_to_cap_and_mean(
    unvested: int, left: int, added: int, base: int, covered: int
) -> None:
    """STR-3."""
    total = unvested + added
    seconds = length(unvested, left, added, base, covered=covered)
    if total == 0:
        assert seconds == 0
        return
    weighted = unvested * min(left, STREAM_FRAMES * DAY) + added * max(DAY, covered)
    if seconds == LONGEST_STREAM_SECONDS:
        assert total * DAY * RAY > (seconds - 1) * CAP * base
        return
    assert weighted <= seconds * total
    assert total * DAY * RAY <= seconds * CAP * base
    one_less = seconds - 1
    assert weighted > one_less * total or total * DAY * RAY > one_less * CAP * base


@given(amounts, lengths, st.integers(0, STREAM_FRAMES * DAY))
def test_a_report_without_profit_keeps_an_end_within_thirty_frames(
    unvested: int, base: int, left: int
) -> None:
    seconds = length(unvested, left, 0, 2**87 + base)
    assert seconds == max(left, -(-unvested * DAY * RAY // (CAP * (2**87 + base))))


@given(amounts, amounts)
def test_all_vests_within_thirty_frames_in_an_insolvent_vault(unvested: int, added: int) -> None:
    assert length(unvested, 10**12, added, 0, covered=10**9, insolvent=True) == STREAM_FRAMES * DAY
    assert length(unvested, 10**12, added, 0) == LONGEST_STREAM_SECONDS


@given(amounts, amounts | st.just(0), amounts | st.just(0), st.integers(0, 7 * DAY))
def test_a_report_lifts_the_record_by_stakes_and_the_cap_only(
    before: int, settled: int, consensus: int, seconds: int
) -> None:
    """STR-5."""
    after = record_wei(before, settled, consensus, cap_ray_per_day=CAP, seconds=seconds)
    assert after <= consensus
    grown = after - before - settled
    assert grown * DAY * RAY <= CAP * seconds * before
    assert after == consensus or grown == capped_wei(CAP, seconds, before)


def test_nothing_to_vest_is_the_empty_stream() -> None:
    assert start_stream(0, NOW, 5) == empty_stream(NOW) == Stream(0, NOW, 0)
    assert unvested_wei(empty_stream(NOW), NOW) == 0
