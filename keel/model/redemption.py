"""Instant redemption: the price of leaving at once.

INS-1: the marginal fee rises linearly from the smallest at the target liquidity to the largest at
none.
INS-2: the fee of a redemption is the integral of it, rounded up once; the largest payable ether is
that which together with its fee is still worth the shares.
INS-3: the integral adds up along the path, so splitting gains nothing.
INS-4 is in the transition `redeem_instant`.
"""

from dataclasses import dataclass
from math import isqrt

from keel.model.constants import BPS
from keel.model.rounding import ceil_div


@dataclass(frozen=True)
class FeeCurve:
    """Marginal fee in bps; without a target it is the least everywhere."""

    min_fee_bps: int
    max_fee_bps: int
    target_wei: int


def fee_wei(curve: FeeCurve, liquidity_wei: int, out_wei: int) -> int:
    """Fee of paying `out_wei`, at most `liquidity_wei` (INS-2)."""
    return ceil_div(*_exact_fee(curve, liquidity_wei, out_wei))


def payable_wei(curve: FeeCurve, liquidity_wei: int, assets_wei: int) -> int:
    """Return the largest x of INS-2, exactly and without a search.

    With D = 2 * target * BPS the fee is ceil(f(x) / D) for an integer f(x), and for integers
    x + ceil(f / D) <= a says the same as x * D + f <= a * D: the rounding drops out, so no
    correction is ever needed. f rises with x, hence:

    - above the target f is 2 * target * min * x and the bound is one division;
    - below it, with p = min(liquidity, target), d = max - min, b = target * (BPS + max) - d * p
      (above 0, as p is at most the target) and r what a * D leaves after the part above, the
      condition on the rest z is d * z^2 + 2 * b * z <= r. Times d, completed to a square:
      (d * z + b)^2 <= b^2 + d * r. The left is the square of a natural number, so this says
      d * z + b <= isqrt(b^2 + d * r), and the largest such z is one floor division.
    """
    target, least, most = curve.target_wei, curve.min_fee_bps, curve.max_fee_bps
    above = max(0, liquidity_wei - target)
    if assets_wei * BPS <= above * (BPS + least):
        return assets_wei * BPS // (BPS + least)
    rest = 2 * target * (assets_wei * BPS - above * (BPS + least))
    slope = most - least
    below = min(liquidity_wei, target)
    if below == 0:
        return above
    base = target * (BPS + most) - slope * below
    z = (isqrt(base**2 + slope * rest) - base) // slope if slope else rest // (2 * base)
    return above + min(z, below)


def _exact_fee(curve: FeeCurve, liquidity_wei: int, out_wei: int) -> tuple[int, int]:
    """Numerator and denominator of the integral over [liquidity - out, liquidity]."""
    target, scale = curve.target_wei, 2 * max(curve.target_wei, 1)
    left = liquidity_wei - out_wei
    flat = max(liquidity_wei, target) - max(left, target)
    high, low = min(liquidity_wei, target), min(left, target)
    slope = curve.max_fee_bps - curve.min_fee_bps
    sloped = scale * curve.max_fee_bps * (high - low) - slope * (high**2 - low**2)
    return scale * curve.min_fee_bps * flat + sloped, scale * BPS
