"""Deposit data from a user, with any withdrawal credentials."""

from collections.abc import Sequence
from dataclasses import replace

from keel.consensus.beacon.errors import BadArgumentError
from keel.consensus.deposit_data import DepositDataEntry, check_deposit_data
from keel.consensus.deposit_problems import DepositDataError, DepositDataProblem

_NETWORK = "local"


def require_own_terms(entries: Sequence[DepositDataEntry]) -> None:
    """Raise DepositDataError unless each entry is whole and signed for a local chain.

    Credentials and amount are each entry's own, and a key may occur twice, as top-ups do. Raises
    BadArgumentError for credentials without a withdrawal address.
    """
    problems = [
        replace(problem, index=index)
        for index, entry in enumerate(entries)
        for problem in _problems(index, entry)
    ]
    if problems:
        raise DepositDataError(problems)


def _problems(index: int, entry: DepositDataEntry) -> list[DepositDataProblem]:
    try:
        return check_deposit_data([entry], entry.withdrawal_credentials, _NETWORK, entry.amount)
    except ValueError as error:
        raise BadArgumentError(f"entry {index}: {error}") from None
