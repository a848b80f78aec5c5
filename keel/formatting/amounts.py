"""Amounts as people write and read them."""

import re
from decimal import Decimal

from keel.model.constants import BPS, DAY, ETHER, RAY

_DECIMALS = 18
_AMOUNT = re.compile(r"(-?[0-9]+)(?:\.([0-9]+))?")
_BOUND_WEI = 2**96  # some 79 thousand million ether, above all that exists
_WHOLE_DIGITS_MOST = len(str(_BOUND_WEI // ETHER))
_SHOWN_MOST = 60


def parse_ether(text: str, decimals: int = _DECIMALS) -> int:
    """Wei of a text such as `1.5`, exactly; raises ValueError that says what is wrong with it.

    At most `decimals` decimals are taken: 9 where only whole gwei count.
    """
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise ValueError(f"{_shortened(text)!r} is not an amount such as 1.5")
    if len(match[2] or "") > decimals:
        raise ValueError(f"{_shortened(text)} has more than {decimals} decimals")
    if text.startswith("-") or not text.strip("0."):
        raise ValueError(f"{_shortened(text)} is not above 0")
    whole, part = match[1].lstrip("0"), match[2] or ""
    if len(whole) > _WHOLE_DIGITS_MOST:
        raise ValueError(_too_much(text))
    amount_wei = int((whole or "0") + part.ljust(_DECIMALS, "0"))
    if amount_wei >= _BOUND_WEI:
        raise ValueError(_too_much(text))
    return amount_wei


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
    return exact_amount(amount_wei, _DECIMALS)


def exact_amount(amount: int, decimals: int) -> str:
    """Every digit of an amount whose last `decimals` digits are decimals."""
    sign = "-" if amount < 0 else ""
    whole, part = divmod(abs(amount), 10**decimals)
    return f"{sign}{whole}.{part:0{decimals}d}".rstrip("0").rstrip(".")


def shown_rate(visible_wei: int, shares: int) -> str:
    """Ether that one wkETH is worth, 8 decimals."""
    return f"{Decimal(visible_wei * 10**17 // max(shares, 1)).scaleb(-8):.8f}"


def shown_bps(value_bps: int) -> str:
    """Basis points as percent."""
    return f"{Decimal(value_bps * 100) / BPS:,.2f} %"


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


def _too_much(text: str) -> str:
    most = exact_ether(_BOUND_WEI - 1)
    return f"{_shortened(text)} ETH is too much, at most {most} ETH (below 2**96 wei) expected"


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_MOST else f"{text[:_SHOWN_MOST]}..."
