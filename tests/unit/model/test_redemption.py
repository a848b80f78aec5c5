"""INS-1, INS-2, INS-3: the price of leaving at once, against its definition."""

from fractions import Fraction
from itertools import pairwise
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from keel.model.redemption import FeeCurve, fee_wei, payable_wei

sizes = st.integers(0, 5_000) | st.integers(0, 10**24)


@st.composite
def curves(draw: st.DrawFn) -> FeeCurve:
    least = draw(st.integers(0, 1_000))
    most = draw(st.integers(least, 10_000))
    return FeeCurve(least, most, draw(st.integers(0, 5_000) | st.integers(1, 10**24)))


def marginal(curve: FeeCurve, liquidity: Fraction) -> Fraction:
    part = Fraction(1)
    if liquidity < curve.target_wei:
        part = liquidity / curve.target_wei
    return (curve.max_fee_bps - (curve.max_fee_bps - curve.min_fee_bps) * part) / 10_000


def integral(curve: FeeCurve, liquidity: int, out: int) -> Fraction:
    """Trapezoids, exact on each straight piece of the marginal fee."""
    corners = sorted(
        {liquidity - out, liquidity, min(max(curve.target_wei, liquidity - out), liquidity)}
    )
    area = Fraction(0)
    for low, high in pairwise(corners):
        ends = marginal(curve, Fraction(low)) + marginal(curve, Fraction(high))
        area += ends / 2 * (high - low)
    return area


@given(curves(), sizes, sizes)
def test_the_fee_is_the_integral_rounded_up(curve: FeeCurve, liquidity: int, out: int) -> None:
    out %= liquidity + 1
    assert fee_wei(curve, liquidity, out) == ceil(integral(curve, liquidity, out))


@given(curves(), sizes, sizes)
def test_the_payable_ether_is_the_largest(curve: FeeCurve, liquidity: int, assets: int) -> None:
    paid = payable_wei(curve, liquidity, assets)
    assert 0 <= paid <= liquidity
    assert paid + fee_wei(curve, liquidity, paid) <= assets
    if paid < liquidity:
        assert paid + 1 + fee_wei(curve, liquidity, paid + 1) > assets


@given(curves(), sizes, sizes, sizes)
def test_splitting_gains_nothing(curve: FeeCurve, liquidity: int, first: int, second: int) -> None:
    one = payable_wei(curve, liquidity, first)
    other = payable_wei(curve, liquidity - one, second)
    assert payable_wei(curve, liquidity, first + second) >= one + other


def test_the_fee_is_least_above_the_target_and_most_at_the_last_wei() -> None:
    curve = FeeCurve(10, 500, 10**20)
    assert fee_wei(curve, 10**21, 10**18) == 10**15
    assert fee_wei(curve, 10**20, 10**20) == 10**20 * 255 // 10_000
    assert fee_wei(curve, 1, 1) == 1
