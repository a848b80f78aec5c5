"""APR and APY: of a stream, and of what a share has grown by."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from keel.model.constants import BPS, ETHER, YEAR
from keel.model.yields import growth, growth_apr, growth_apy, stream_apr_bps


def test_a_stream_of_a_hundredth_in_a_tenth_of_a_year_is_ten_per_cent() -> None:
    assert stream_apr_bps(ETHER // 100, YEAR // 10, ETHER) == BPS // 10


def test_a_stream_that_has_ended_pays_nothing() -> None:
    assert stream_apr_bps(ETHER, 0, ETHER) == 0
    assert stream_apr_bps(ETHER, -1, ETHER) == 0
    assert stream_apr_bps(ETHER, 1, 0) == 0


def test_a_hundredth_in_a_tenth_of_a_year() -> None:
    grown = Decimal("0.01")
    assert growth_apr(grown, YEAR // 10) == Decimal("0.1")
    assert abs(growth_apy(grown, YEAR // 10) - (Decimal("1.01") ** 10 - 1)) < Decimal("1e-20")


def test_the_yield_of_a_small_chain_has_more_digits_than_a_float() -> None:
    assert growth_apy(Decimal(1), 8) > Decimal("1e1000000")


def test_no_time_and_no_holders_earn_nothing() -> None:
    assert growth_apr(Decimal(1), 0) == growth_apy(Decimal(1), 0) == 0
    assert growth((0, 1), (1, 1)) == growth((1, 1), (1, 0)) == 0


@given(
    st.integers(1, 10**27), st.integers(1, 10**36), st.integers(1, 10**27), st.integers(1, 10**36)
)
def test_growth_is_that_of_the_worth_of_a_share(
    visible: int, shares: int, visible_after: int, shares_after: int
) -> None:
    grown = growth((visible, shares), (visible_after, shares_after))
    expected = Decimal(visible_after) / shares_after / (Decimal(visible) / shares) - 1
    assert abs(grown - expected) <= (abs(expected) + 1) * Decimal("1e-20")
