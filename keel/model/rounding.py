"""The two roundings of the rules; Python's `//` is the floor, so only the ceiling needs a name."""


def ceil_div(numerator: int, denominator: int) -> int:
    """Quotient rounded up; raises ZeroDivisionError."""
    return -(-numerator // denominator)
