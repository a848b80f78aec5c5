"""How many steps the contract's search takes: the same steps, counted (POL-3)."""

from keel.model.rounding import ceil_div

MOST_STEPS = 64


def invariant_steps(x_wei: int, y_wei: int, leverage: int) -> int:
    """Steps down from x + y until one no longer falls, that one included."""
    sum_wei, steps = x_wei + y_wei, 0
    d_wei = sum_wei
    while True:
        steps += 1
        part = d_wei**3 // (4 * x_wei * y_wei)
        closer = d_wei * (leverage * sum_wei + 2 * part) // ((leverage - 1) * d_wei + 3 * part)
        if closer >= d_wei:
            return steps
        d_wei = closer


def reserve_steps(x_wei: int, y_wei: int, d_wei: int, leverage: int) -> int:
    """Steps down from the reserve `y_wei` until one no longer falls, that one included."""
    part, steps = ceil_div(d_wei**3, 4 * x_wei), 0
    while True:
        steps += 1
        slope = leverage * (2 * y_wei + x_wei) - (leverage - 1) * d_wei
        closer = ceil_div(leverage * y_wei**2 + part, slope)
        if closer >= y_wei:
            return steps
        y_wei = closer
