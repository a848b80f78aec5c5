"""What ether earns a year: APR without compounding, APY with it."""

from decimal import Context, Decimal

from keel.model.constants import BPS, YEAR

DECIMALS = Context(prec=30, Emax=10**9, Emin=-(10**9))
"""Of 30 digits; APYs of small chains have exponents that no float has."""


def stream_apr_bps(unvested_wei: int, left_seconds: int, visible_wei: int) -> int:
    """What the running stream pays a year on V, in basis points, rounded down."""
    if left_seconds <= 0 or not visible_wei:
        return 0
    return unvested_wei * YEAR * BPS // (left_seconds * visible_wei)


def growth_apr(growth: Decimal, seconds: int) -> Decimal:
    """A growth in a time, such as 0.01, as a part a year; 0 in no time."""
    if seconds <= 0:
        return Decimal(0)
    return DECIMALS.divide(DECIMALS.multiply(growth, Decimal(YEAR)), Decimal(seconds))


def growth_apy(growth: Decimal, seconds: int) -> Decimal:
    """The same when it goes on and is compounded: what 1 grows by in a year."""
    if seconds <= 0:
        return Decimal(0)
    years = DECIMALS.divide(Decimal(YEAR), Decimal(seconds))
    return DECIMALS.subtract(DECIMALS.power(DECIMALS.add(1, growth), years), 1)


def growth(before: tuple[int, int], after: tuple[int, int]) -> Decimal:
    """How much more a share is worth; both pairs are its worth as a fraction, V over S."""
    (visible_before, shares_before), (visible_after, shares_after) = before, after
    if not visible_before or not shares_after:
        return Decimal(0)
    gained = visible_after * shares_before - visible_before * shares_after
    return DECIMALS.divide(Decimal(gained), Decimal(visible_before * shares_after))
