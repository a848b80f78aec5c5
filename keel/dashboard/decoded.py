"""Decoded inputs of calls and logs, value by value, as pieces that the page can show."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from eth_utils.address import is_checksum_address

from keel.dashboard.pieces import Amount, Key, Piece, When, Who
from keel.model.constants import GWEI

_PUBKEY_BYTES = 48
_BYTES_SHOWN = 96
_ITEMS_SHOWN = 100
_TIMES = ("refTime", "deadline", "until", "announcedAt", "windowStart", "windowEnd")
_FAR_TIME = 2**32  # no date of a calendar is made of larger numbers
_TOKEN_UNITS = {"vault": "kETH", "wrapped": "wkETH"}
"""Whose transfers carry amounts of 18 decimals, by field of Bindings."""


@dataclass(frozen=True, slots=True)
class Line:
    """One value; the name of a part of a struct is joined by dots."""

    name: str
    piece: Piece


def lines_of(inputs: Mapping[str, Any], contract: str | None = None) -> tuple[Line, ...]:
    """All values by name; `contract` is the field of Bindings, which gives transfers their unit."""
    return tuple(line for name, value in inputs.items() for line in _lines(name, value, contract))


def _lines(name: str, value: Any, contract: str | None) -> Iterator[Line]:
    if isinstance(value, tuple):
        names = getattr(value, "_fields", None) or [str(n) for n in range(len(value))]
        for part, each in list(zip(names, value, strict=True))[:_ITEMS_SHOWN]:
            yield from _lines(f"{name}.{part}", each, contract)
        if len(value) > _ITEMS_SHOWN:
            yield Line(name, f"and {len(value) - _ITEMS_SHOWN} more")
        return
    yield Line(name, _piece(name, value, contract))


def _piece(name: str, value: Any, contract: str | None) -> Piece:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return _number(name.rpartition(".")[2], value, contract)
    if isinstance(value, bytes):
        text = "0x" + value.hex()
        if len(value) == _PUBKEY_BYTES:
            return Key(text)
        shown = text[: 2 + 2 * _BYTES_SHOWN]
        return text if shown == text else f"{shown}… ({len(value):,} bytes)"
    if isinstance(value, str) and is_checksum_address(value):
        return Who(value)
    return str(value)


def _number(name: str, value: int, contract: str | None) -> Piece:
    if name.endswith("Gwei"):
        return Amount(value * GWEI, "ETH")
    if name.endswith("Wei"):
        return Amount(value, "ETH")
    if name in _TIMES and value < _FAR_TIME:
        return When(value)
    if name == "value" and contract in _TOKEN_UNITS:
        return Amount(value, _TOKEN_UNITS[contract])
    return f"{value:,}"
