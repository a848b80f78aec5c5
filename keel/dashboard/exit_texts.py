"""Exits, partial withdrawals and consolidations that were asked for, in words (REQ)."""

from collections.abc import Mapping
from typing import Any

from keel.dashboard.pieces import Amount, Piece, Words
from keel.model.constants import GWEI
from keel.model.exit_reason import ExitReason

REASONS = {
    ExitReason.MANAGER: "its operator's manager asked",
    ExitReason.FROZEN: "its operator is frozen",
    ExitReason.DEAD: "no report came for 14 frames",
    ExitReason.INACTIVE: "it is inactive",
    ExitReason.QUEUE: "tickets lack ether",
    ExitReason.AGAIN: "the chain ignored the request before",
}


def _requested(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    balance, why = Amount(given["balanceGwei"] * GWEI, "ETH"), REASONS[given["reason"]]
    return (
        f"Exit requested for a validator of operator {given['operatorId']} with ",
        balance,
        f": {why}",
    )


def _noted(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    balance = Amount(given["balanceGwei"] * GWEI, "ETH")
    return (
        f"A validator of operator {given['operatorId']} is proven to be leaving, with ",
        balance,
    )


def _ended(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    return (f"The exit of a validator of operator {given['operatorId']} is over",)


def _balance(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    verdict = "it is inactive" if given["isInactive"] else "the first of two that show inactivity"
    balance = Amount(given["balanceGwei"] * GWEI, "ETH")
    return ("A validator's balance is proven to be ", balance, f": {verdict}")


def _partial(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    amount = Amount(given["amountGwei"] * GWEI, "ETH")
    return (f"Operator {given['operatorId']} requested a partial withdrawal of ", amount)


def _consolidation(given: Mapping[str, Any]) -> tuple[Piece, ...]:
    operator = given["operatorId"]
    if given["sourceRoot"] == given["targetRoot"]:
        return (f"Operator {operator} requested 0x02 credentials for a validator",)
    return (f"Operator {operator} requested the consolidation of two validators",)


EXIT_TELLERS: Mapping[tuple[str, str], tuple[str, Words]] = {
    ("exits", "ExitRequested"): ("validator", _requested),
    ("exits", "ExitNoted"): ("validator", _noted),
    ("exits", "ExitEnded"): ("validator", _ended),
    ("exits", "BalanceNoted"): ("validator", _balance),
    ("exits", "PartialWithdrawalRequested"): ("validator", _partial),
    ("exits", "ConsolidationRequested"): ("validator", _consolidation),
}
