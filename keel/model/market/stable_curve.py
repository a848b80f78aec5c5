"""The curve of the pool by its definition, not by the contract's search (POL-2).

With L = 4A, D is the largest whole number that satisfies
`D^3 <= 4xy (L (x + y) - (L - 1) D)`, and the least reserve beside x is the smallest y that does.
All worths are in wei, at most MOST_WEI, and at least 1.
"""

from math import isqrt

from keel.model.rounding import ceil_div

MOST_WEI = 2**84
WAD = 10**18


def invariant_wei(x_wei: int, y_wei: int, leverage: int) -> int:
    """D by halving the range in which it must lie."""
    least, most = 0, x_wei + y_wei
    while least < most:
        middle = (least + most + 1) // 2
        if bears(x_wei, y_wei, middle, leverage):
            least = middle
        else:
            most = middle - 1
    return least


def bears(x_wei: int, y_wei: int, d_wei: int, leverage: int) -> bool:
    """Whether the reserves bear this D: f(D) of the rules is at most 0."""
    free = leverage * (x_wei + y_wei) - (leverage - 1) * d_wei
    return d_wei**3 <= 4 * x_wei * y_wei * free


def least_reserve_wei(x_wei: int, d_wei: int, leverage: int) -> int:
    """Return the smallest y that bears D beside x, exactly and without a search.

    For whole y the condition is `L y^2 + b y >= c` with `b = L x - (L - 1) D` and
    `c = ceil(D^3 / 4x)`. Times 4L, completed to a square: `(2 L y + b)^2 >= b^2 + 4 L c`, and a
    whole number is at least a root when it is at least the root rounded up.
    """
    slope = leverage * x_wei - (leverage - 1) * d_wei
    square = slope**2 + 4 * leverage * ceil_div(d_wei**3, 4 * x_wei)
    root = isqrt(square - 1) + 1
    return ceil_div(root - slope, 2 * leverage)


def spot_price(x_wei: int, y_wei: int, leverage: int) -> int:
    """Return the y that the next x fetches before the fee, 18 decimals (POL-10)."""
    d_wei = invariant_wei(x_wei, y_wei, leverage)
    part = leverage * (x_wei + y_wei) - (leverage - 1) * d_wei
    return y_wei * (part + leverage * x_wei) * WAD // (x_wei * (part + leverage * y_wei))
