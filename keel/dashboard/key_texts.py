"""What happened to keys, validators and bonds, in words."""

from collections.abc import Mapping
from typing import Any

from keel.dashboard.pieces import Amount, Piece, When, Who, Words
from keel.model.constants import GWEI, VALIDATOR_DEPOSIT_WEI

EVENTS_TOGETHER = "how many events are told together"
"""Beside the inputs of the first of them."""
_KEYS = {
    "KeyPredeposited": "{keys} of operator {operator} predeposited, 1 ETH of its own each",
    "KeyProven": "{keys} of operator {operator} proven: {validators} to Keel",
    "KeyForeign": "{keys} of operator {operator} proven: {validators} to somebody else. "
    "The operator is frozen",
    "KeyDropped": "{keys} dropped by operator {operator}, for good",
    "KeyWithdrawn": "{keys} of operator {operator} proven: {ended}",
}
"""Events of keys but for stakes, which `Staked` tells with their ether."""


def _keys(name: str) -> Words:
    def words(given: Mapping[str, Any]) -> tuple[Piece, ...]:
        count = given[EVENTS_TOGETHER]
        keys = "1 key" if count == 1 else f"{count} keys"
        validators = "its validator pays" if count == 1 else "their validators pay"
        ended = "its validator is paid out" if count == 1 else "their validators are paid out"
        found = {"keys": keys, "validators": validators, "ended": ended}
        return (_KEYS[name].format(operator=given["operatorId"], **found),)

    return words


def _slashed(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    index, operator = given["validatorIndex"], given["operatorId"]
    balance = Amount(given["balanceGwei"] * GWEI, "ETH")
    return (f"Validator {index} of operator {operator} is proven slashed, with ", balance)


def _staked_more(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    more = Amount(given["parts"] * VALIDATOR_DEPOSIT_WEI, "ETH")
    return (more, f" more on a validator of operator {given['operatorId']}")


def _merged(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    return (f"Operator {given['operatorId']} joins one of its validators to another",)


def _unfrozen(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    return (f"Operator {given['operatorId']} is frozen no more",)


def _bond_forfeited(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    units = Amount(given["units"], "wkETH")
    return (f"Operator {given['operatorId']} forfeits ", units, " of its bond to the next loss")


def _bonds_covered(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    return ("Forfeited bonds covered ", Amount(given["unitsPaid"], "wkETH"))


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
    ("registry", "KeyWithdrawn"): ("validator", _keys("KeyWithdrawn")),
    ("registry", "KeySlashed"): ("loss", _slashed),
    ("registry", "KeyStakedMore"): ("validator", _staked_more),
    ("registry", "KeysMerged"): ("validator", _merged),
    ("registry", "OperatorUnfrozen"): ("door", _unfrozen),
    ("bonds", "BondForfeited"): ("loss", _bond_forfeited),
    ("bonds", "Covered"): ("loss", _bonds_covered),
    ("bonds", "BondReleased"): ("out", _bond_released),
    ("bonds", "BondPaid"): ("out", _bond_paid),
}
TOLD_TOGETHER = frozenset(("registry", name) for name in _KEYS)
"""Those of one operator and transaction are one line."""
