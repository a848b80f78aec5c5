"""Parameters of the methods that move both layers, read as Hardhat, Ape and Foundry write them."""

from collections.abc import Sequence
from typing import Any

from keel.consensus.gateway.errors import INVALID_PARAMS, RefusedError

MOST_SECONDS = 2**40


def whole(method: str, name: str, value: Any, least: int, most: int) -> int:
    """Read a number, a hexadecimal or a decimal string; raises RefusedError with the bound."""
    number = _number(value)
    if number is None or not least <= number <= most:
        expected = f"a whole number of {least} to {most} expected"
        raise RefusedError(INVALID_PARAMS, f"{method}: {name} {str(value)[:80]!r}, {expected}")
    return number


def optional(params: Sequence[Any], place: int) -> Any:
    """Return a parameter, None where it is not given."""
    return params[place] if place < len(params) else None


def at_most(method: str, params: Sequence[Any], most: int) -> None:
    """Raise RefusedError for more parameters than a method has."""
    if len(params) > most:
        told = f"{method}: {len(params)} parameters, at most {most} expected"
        raise RefusedError(INVALID_PARAMS, told)


def _number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if not isinstance(value, str) or len(value) > 80:
        return None
    try:
        return int(value, 16) if value.lower().startswith("0x") else int(value)
    except ValueError:
        return None
