"""The strict expectations pass for the predicted revert and for nothing else."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import ape
import pytest
from ape.api import AccountAPI
from ape.contracts import ContractContainer, ContractInstance

from keel.chain.rpc import RpcClient
from tests.expect import Panic, panics, reverts, reverts_with_text, reverts_without_data


@pytest.fixture(scope="module")
def caller(accounts: Any) -> AccountAPI:
    account: AccountAPI = accounts[0]
    return account


@pytest.fixture(scope="module")
def reverter(caller: AccountAPI, test_contracts: dict[str, ContractContainer]) -> ContractInstance:
    return caller.deploy(test_contracts["TestReverter"])


@pytest.fixture(scope="module")
def callee(test_contracts: dict[str, ContractContainer]) -> ContractContainer:
    return test_contracts["TestReverterCallee"]


def out_of_bound(reverter: ContractInstance) -> AbstractContextManager[None]:
    return reverts(reverter.OutOfBound, value=7, bound=5)


@pytest.fixture(params=["transaction", "call"])
def attempt(
    request: pytest.FixtureRequest, caller: AccountAPI, reverter: ContractInstance
) -> Callable[..., object]:
    """Attempt a function of the reverter as a transaction or as a call."""

    def attempt_function(name: str, *arguments: object) -> object:
        function = getattr(reverter, name)
        send = function if request.param == "transaction" else function.call
        return send(*arguments, sender=caller)

    return attempt_function


@pytest.fixture
def expectations(reverter: ContractInstance) -> dict[str, AbstractContextManager[None]]:
    """One expectation for each way to fail, by the way it is for."""
    return {
        "plain": reverts(reverter.Plain),
        "bound": reverts(reverter.OutOfBound, value=7, bound=5),
        "limit": reverts(reverter.OutOfLimit, value=7, bound=5),
        "assertion": panics(Panic.ASSERTION),
        "division": panics(Panic.DIVISION_BY_ZERO),
        "text": reverts_with_text("too much"),
        "other text": reverts_with_text("too muc"),
        "no data": reverts_without_data(),
    }


FAILURES: dict[str, tuple[Any, ...]] = {
    "plain": ("failPlain",),
    "bound": ("failOutOfBound", 7, 5),
    "limit": ("failOutOfLimit", 7, 5),
    "assertion": ("failAssert",),
    "division": ("failDivision", 0),
    "text": ("failString", "too much"),
    "no data": ("failBare",),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_each_failure_passes_its_own_expectation_and_no_other(
    failure: str,
    attempt: Callable[..., object],
    expectations: dict[str, AbstractContextManager[None]],
) -> None:
    for expected, expectation in expectations.items():
        if expected == failure:
            with expectation:
                attempt(*FAILURES[failure])
        else:
            with pytest.raises(AssertionError, match="but it was"), expectation:
                attempt(*FAILURES[failure])


def test_success_passes_no_expectation(
    attempt: Callable[..., object], expectations: dict[str, AbstractContextManager[None]]
) -> None:
    for expectation in expectations.values():
        with pytest.raises(AssertionError, match="nothing reverted"), expectation:
            attempt("succeed")


@pytest.mark.parametrize(
    ("value", "bound"), [(7, 6), (8, 5), (5, 7)], ids=["other bound", "other value", "swapped"]
)
def test_every_input_must_be_equal(
    value: int, bound: int, attempt: Callable[..., object], reverter: ContractInstance
) -> None:
    predicted = reverts(reverter.OutOfBound, value=7, bound=5)
    message = rf"but it was OutOfBound\(value={value}, bound={bound}\)"
    with pytest.raises(AssertionError, match=message), predicted:
        attempt("failOutOfBound", value, bound)


@pytest.mark.parametrize("inputs", [{}, {"value": 7}, {"value": 7, "bound": 5, "extra": 1}])
def test_exactly_the_inputs_of_the_error_must_be_named(
    inputs: dict[str, int], attempt: Callable[..., object], reverter: ContractInstance
) -> None:
    predicted = reverts(reverter.OutOfBound, **inputs)
    with pytest.raises(TypeError, match="OutOfBound has the inputs"), predicted:
        attempt("failOutOfBound", 7, 5)


def test_accounts_texts_and_lists_are_compared_as_the_contract_sees_them(
    attempt: Callable[..., object], reverter: ContractInstance, caller: AccountAPI
) -> None:
    with reverts(reverter.Named, account=caller, reason="why", values=[1, 2]):
        attempt("failNamed", caller, "why", [1, 2])
    predicted = reverts(reverter.Named, account=caller, reason="why", values=[1, 2])
    with pytest.raises(AssertionError, match="but it was Named"), predicted:
        attempt("failNamed", caller, "why", [1, 2, 3])


def test_an_error_of_a_nested_contract_is_named_with_that_contract(
    attempt: Callable[..., object], callee: ContractContainer
) -> None:
    with reverts("CalleeFailed", callee, value=7):
        attempt("failInCallee", 7)
    for wrong in (
        reverts("CalleeFailed", callee, value=8),
        reverts("CalleeBroke", callee, value=7),
    ):
        message = r"but it was CalleeFailed\(value=7\)"
        with pytest.raises(AssertionError, match=message), wrong:
            attempt("failInCallee", 7)


def test_an_error_that_no_abi_has_cannot_be_expected(callee: ContractContainer) -> None:
    with pytest.raises(TypeError, match="0 errors 'Plain'"), reverts("Plain", callee):
        pass
    with pytest.raises(TypeError, match="needs the contract"), reverts("Plain"):
        pass


def test_views_are_checked_as_strictly(reverter: ContractInstance) -> None:
    with out_of_bound(reverter):
        reverter.viewOutOfBound(7, 5)
    with panics(Panic.DIVISION_BY_ZERO):
        reverter.viewDivision(0)
    with reverts_without_data():
        reverter.viewBare()
    with pytest.raises(AssertionError, match="but it was OutOfBound"), out_of_bound(reverter):
        reverter.viewOutOfBound(8, 5)
    with pytest.raises(AssertionError, match="nothing reverted"), out_of_bound(reverter):
        reverter.viewOutOfBound(5, 5)


def test_the_raw_client_is_checked_as_strictly(reverter: ContractInstance) -> None:
    def call(value: int) -> None:
        data = reverter.viewOutOfBound.encode_input(value, 5).hex()
        request = {"to": reverter.address, "data": f"0x{data.removeprefix('0x')}"}
        with RpcClient(ape.chain.provider.http_uri) as client:
            client.call("eth_call", request, "latest")

    with out_of_bound(reverter):
        call(7)
    with pytest.raises(AssertionError, match="OutOfBound"), out_of_bound(reverter):
        call(8)


def test_the_reverting_block_is_judged_and_not_a_later_replay(
    caller: AccountAPI, reverter: ContractInstance
) -> None:
    due = ape.chain.pending_timestamp + 1000
    ape.chain.provider.set_timestamp(due)
    with reverts(reverter.At, timestamp=due):
        reverter.failAtTimestamp(sender=caller)


def test_running_out_of_gas_is_no_revert(caller: AccountAPI, reverter: ContractInstance) -> None:
    for expectation in (reverts_without_data(), panics(Panic.ASSERTION)):
        with pytest.raises(ape.exceptions.TransactionError), expectation:
            reverter.failOutOfGas(sender=caller, gas_limit=100_000)


@pytest.mark.parametrize("mistake", [ValueError("a mistake"), AssertionError("a mistake")])
def test_a_mistake_of_the_test_is_never_swallowed(mistake: Exception) -> None:
    with pytest.raises(type(mistake), match="a mistake"), panics(Panic.ASSERTION):
        raise mistake
