"""Prices of ticks, exactly.

FED-7: the mean tick over a window is rounded down; that of token1 is turned before.
FED-8: `1.0001^tick`.
"""

from fractions import Fraction

from keel.model.constants import ETHER

MOST_TICK = 138_162
"""Of a price of a million; its negative is that of a millionth."""

TICK = Fraction(10_001, 10_000)


def price(tick: int) -> Fraction:
    """Price in wei a whole token; both tokens have 18 decimals (FED-8)."""
    return ETHER * TICK**tick


def mean_tick(tick_seconds: int, window_seconds: int, *, is_token0: bool) -> int:
    """Mean tick of a token's price in the other (FED-7)."""
    return (tick_seconds if is_token0 else -tick_seconds) // window_seconds
