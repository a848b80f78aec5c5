"""C from the Beacon API's answers: what counts, and what is left out."""

from collections.abc import Mapping, Sequence
from typing import Any

from keel.dashboard.beacon import StateAmounts

OURS = "0x01" + "00" * 11 + "aa" * 20
COMPOUNDING = "0x02" + "00" * 11 + "aa" * 20
FOREIGN = "0x01" + "00" * 11 + "bb" * 20
BLS = "0x00" + "00" * 11 + "aa" * 20


def validator(balance_gwei: int, credentials: str = OURS) -> dict[str, Any]:
    return {"balance": str(balance_gwei), "validator": {"withdrawal_credentials": credentials}}


def deposit(key: str, gwei: int, credentials: str = OURS) -> dict[str, Any]:
    return {"pubkey": key, "amount": str(gwei), "withdrawal_credentials": credentials}


def amounts(
    validators: Mapping[str, Mapping[str, Any]], pending: Sequence[Mapping[str, Any]] = ()
) -> StateAmounts:
    return StateAmounts(validators, pending, OURS)


def test_balances_and_all_pending_deposits_count() -> None:
    found = amounts({"0x1": validator(32), "0x2": validator(31)}, [deposit("0x3", 5)])
    assert (found.counted_gwei(), found.foreign()) == (68, ())


def test_a_top_up_counts_whatever_credentials_it_names() -> None:
    found = amounts({"0x1": validator(32)}, [deposit("0x1", 7, FOREIGN)])
    assert (found.counted_gwei(), found.foreign()) == (39, ())


def test_a_validator_that_compounds_pays_to_the_same_address() -> None:
    assert amounts({"0x1": validator(64, COMPOUNDING)}).counted_gwei() == 64


def test_a_validator_that_pays_to_another_counts_for_nothing() -> None:
    for credentials in (FOREIGN, BLS):
        found = amounts(
            {"0x1": validator(32, credentials), "0x2": validator(32)}, [deposit("0x1", 7)]
        )
        assert (found.counted_gwei(), found.foreign()) == (32, ("0x1",))


def test_the_first_deposit_decides_for_a_key_without_a_validator() -> None:
    ours_first = amounts({}, [deposit("0x1", 32), deposit("0x1", 1, FOREIGN)])
    theirs_first = amounts({}, [deposit("0x1", 1, FOREIGN), deposit("0x1", 32)])
    assert (ours_first.counted_gwei(), ours_first.foreign()) == (33, ())
    assert (theirs_first.counted_gwei(), theirs_first.foreign()) == (0, ("0x1",))
