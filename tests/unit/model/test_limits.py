"""LIM: one number is a token bucket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.model.constants import DAY
from keel.model.errors import LimitExceeded
from keel.model.limits import available, emptied, take

NOW = 1_800_000_000
capacities = st.integers(1, 10**26) | st.integers(1, 1_000)


@st.composite
def buckets(draw: st.DrawFn) -> tuple[int, int]:
    """Capacity, and `full_at` anywhere from long ago to a whole period ahead."""
    ahead = draw(st.integers(-DAY * 2**16, DAY * 2**16))
    return draw(capacities), NOW * 2**16 + ahead


@given(buckets())
def test_available_is_exactly_the_largest_amount_that_is_accepted(bucket: tuple[int, int]) -> None:
    """LIM-2."""
    capacity, full_at = bucket
    most = available(full_at, NOW, capacity, DAY)
    after = take(full_at, NOW, most, capacity, DAY)
    assert after <= emptied(NOW, DAY)
    with pytest.raises(LimitExceeded) as refusal:
        take(full_at, NOW, most + 1, capacity, DAY)
    assert refusal.value.arguments == {"amount": most + 1, "available": most}


@given(buckets(), st.integers(0, 10**26), st.integers(0, 10**26))
def test_splitting_never_takes_less(bucket: tuple[int, int], first: int, second: int) -> None:
    """LIM-1."""
    capacity, full_at = bucket
    most = available(full_at, NOW, capacity, DAY)
    first %= most + 1
    second %= most - first + 1
    whole = take(full_at, NOW, first + second, capacity, DAY)
    after_first = take(full_at, NOW, first, capacity, DAY)
    rest = available(after_first, NOW, capacity, DAY)
    assert rest <= most - first
    if second <= rest:
        assert take(after_first, NOW, second, capacity, DAY) >= whole


@given(capacities)
def test_a_full_bucket_gives_its_capacity_and_refills_in_a_period(capacity: int) -> None:
    """LIM-1."""
    assert available(0, NOW, capacity, DAY) == capacity
    empty = take(0, NOW, capacity, capacity, DAY)
    assert empty == emptied(NOW, DAY)
    assert available(empty, NOW, capacity, DAY) == 0
    assert available(empty, NOW + DAY // 2, capacity, DAY) == capacity // 2
    assert available(empty, NOW + DAY, capacity, DAY) == capacity


def test_no_capacity_allows_only_nothing() -> None:
    assert take(0, NOW, 0, 0, DAY) == NOW * 2**16
    with pytest.raises(LimitExceeded):
        take(0, NOW, 1, 0, DAY)
