"""Amounts as people write and read them."""

from decimal import Decimal, InvalidOperation

from keel.model.constants import BPS, DAY, ETHER, RAY

_DECIMALS = 18


def parse_ether(text: str) -> int:
    """Wei of a text such as `1.5`, exactly; raises ValueError that says what is wrong with it."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is not an amount such as 1.5") from None
    if not amount.is_finite() or amount <= 0:
        raise ValueError(f"{text} is not above 0")
    _, digits, exponent = amount.as_tuple()
    if isinstance(exponent, int) and -exponent > _DECIMALS:
        raise ValueError(f"{text} has more than {_DECIMALS} decimals")
    if len(digits) > 60:
        raise ValueError(f"{text} has too many digits")
    return int(amount.scaleb(_DECIMALS))


def shown_ether(amount_wei: int, decimals: int = 4) -> str:
    """Ether rounded towards zero, `<0.0001` where only that would show as 0."""
    if amount_wei == 0:
        return "0"
    sign = "-" if amount_wei < 0 else ""
    step = 10 ** (_DECIMALS - decimals)
    steps = abs(amount_wei) // step
    if steps == 0:
        return f"{sign}<0.{'0' * (decimals - 1)}1"
    whole, part = divmod(steps, 10**decimals)
    return f"{sign}{whole:,}.{part:0{decimals}d}".rstrip("0").rstrip(".")


def exact_ether(amount_wei: int) -> str:
    """Every digit, for what somebody may copy."""
    whole, part = divmod(amount_wei, ETHER)
    return f"{whole}.{part:0{_DECIMALS}d}".rstrip("0").rstrip(".")


def shown_rate(visible_wei: int, shares: int) -> str:
    """Ether that one wkETH is worth, 8 decimals."""
    return f"{Decimal(visible_wei * 10**17 // max(shares, 1)).scaleb(-8):.8f}"


def shown_bps(value_bps: int) -> str:
    """Basis points as percent."""
    return f"{Decimal(value_bps * 100) / BPS:.2f} %"


def shown_ray(value_ray: int) -> str:
    """A ray as a number of 9 decimals."""
    return f"{Decimal(value_ray * 10**9 // RAY).scaleb(-9):.9f}"


def shown_seconds(seconds: int) -> str:
    """A duration in its two largest units."""
    if seconds <= 0:
        return "now"
    parts = []
    for size, unit in ((DAY, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])
