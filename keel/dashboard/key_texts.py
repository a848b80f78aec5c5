"""What happened to keys and bonds, in words."""

from collections.abc import Mapping
from typing import Any

from keel.dashboard.pieces import Amount, Piece, When, Who, Words

EVENTS_TOGETHER = "how many events are told together"
"""Beside the inputs of the first of them."""
_KEYS = {
    "KeyPredeposited": "{keys} of operator {operator} predeposited, 1 ETH of its own each",
    "KeyProven": "{keys} of operator {operator} proven: {validators} to Keel",
    "KeyForeign": "{keys} of operator {operator} proven: {validators} to somebody else. "
    "The operator is frozen",
    "KeyDropped": "{keys} dropped by operator {operator}, for good",
}
"""Events of keys but for stakes, which `Staked` tells with their ether."""


def _keys(name: str) -> Words:
    def words(given: Mapping[str, Any]) -> tuple[Piece, ...]:
        count = given[EVENTS_TOGETHER]
        keys = "1 key" if count == 1 else f"{count} keys"
        validators = "its validator pays" if count == 1 else "their validators pay"
        found = {"keys": keys, "validators": validators, "operator": given["operatorId"]}
        return (_KEYS[name].format(**found),)

    return words


def _bond_released(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    operator, when = given["operatorId"], When(given["payableAt"])
    units = Amount(given["units"], "wkETH")
    return (f"Operator {operator}'s bond is released by ", units, ", payable from ", when)


def _bond_paid(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    paid = Amount(given["units"], "wkETH")
    return (
        f"Operator {given['operatorId']} was paid ",
        paid,
        " of its bond, to ",
        Who(given["to"]),
    )


KEY_TELLERS: Mapping[tuple[str, str], tuple[str, Words]] = {
    ("registry", "KeyPredeposited"): ("validator", _keys("KeyPredeposited")),
    ("registry", "KeyProven"): ("validator", _keys("KeyProven")),
    ("registry", "KeyForeign"): ("loss", _keys("KeyForeign")),
    ("registry", "KeyDropped"): ("validator", _keys("KeyDropped")),
    ("bonds", "BondReleased"): ("out", _bond_released),
    ("bonds", "BondPaid"): ("out", _bond_paid),
}
TOLD_TOGETHER = frozenset(("registry", name) for name in _KEYS)
"""Those of one operator and transaction are one line."""
