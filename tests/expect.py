"""Strict expectations of failure: a test passes only for the very revert that it predicts.

Ape's own `ape.reverts` accepts any error where an error type was expected. These compare the
returned bytes of the failed transaction or call, all of them, with the bytes that the predicted
error encodes to. An exception that is not a revert is never swallowed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

from ape.contracts import ContractContainer, ContractInstance
from ape.exceptions import CustomError, VirtualMachineError
from ape.utils import ManagerAccessMixin
from eth_abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils import function_signature_to_4byte_selector
from ethpm_types import ContractType
from ethpm_types.abi import ErrorABI

from keel.chain.errors import RpcError
from tests.revert_data import revert_data

type Contract = ContractContainer | ContractInstance | ContractType
type Error = type[CustomError] | ErrorABI | str

_TEXT_SELECTOR = function_signature_to_4byte_selector("Error(string)")
_PANIC_SELECTOR = function_signature_to_4byte_selector("Panic(uint256)")


class Panic(IntEnum):
    """The panic codes of Solidity that a contract can meet in a test."""

    ASSERTION = 0x01
    OVERFLOW = 0x11
    DIVISION_BY_ZERO = 0x12
    ENUM = 0x21
    EMPTY_POP = 0x31
    INDEX = 0x32
    MEMORY = 0x41


@contextmanager
def reverts(error: Error, contract: Contract | None = None, /, **inputs: Any) -> Iterator[None]:
    """Expect exactly this custom error with exactly these inputs, every one of them named.

    `error` is the error type of a contract (`vault.DepositTooLarge`), or the error's name
    together with a contract whose ABI has it, which also serves errors of nested contracts.
    """
    abi = _error_abi(error, contract)
    expected = _encoded(abi, inputs)
    near = contract or getattr(error, "contract", None)
    with _fails_with(expected, f"{abi.name}({_listed(inputs)})", near):
        yield


@contextmanager
def panics(code: int) -> Iterator[None]:
    """Expect exactly Solidity's panic of this code, for example Panic.OVERFLOW."""
    expected = _PANIC_SELECTOR + encode(["uint256"], [code])
    with _fails_with(expected, f"panic 0x{code:02x}"):
        yield


@contextmanager
def reverts_with_text(text: str) -> Iterator[None]:
    """Expect exactly this reason string, as contracts that are not Keel's give it."""
    expected = _TEXT_SELECTOR + encode(["string"], [text])
    with _fails_with(expected, f"the text {text!r}"):
        yield


@contextmanager
def reverts_without_data() -> Iterator[None]:
    """Expect a revert that returns no byte, as of a contract that cannot receive ether."""
    with _fails_with(b"", "a revert without data"):
        yield


@contextmanager
def _fails_with(
    expected: bytes, description: str, contract: Contract | None = None
) -> Iterator[None]:
    try:
        yield
    except (VirtualMachineError, RpcError) as failure:
        actual = revert_data(failure)
        if actual is None:
            raise
        if actual != expected:
            found = _described(actual, contract)
            raise AssertionError(f"expected {description}, but it was {found}") from failure
    else:
        raise AssertionError(f"expected {description}, but nothing reverted")


def _error_abi(error: Error, contract: Contract | None) -> ErrorABI:
    """The ABI of an error given by type, ABI or name."""
    if isinstance(error, ErrorABI):
        return error
    if isinstance(error, str):
        if contract is None:
            raise TypeError(f"reverts({error!r}) needs the contract whose ABI has it")
        found = [abi for abi in _contract_type(contract).errors if abi.name == error]
        if len(found) != 1:
            raise TypeError(f"{_contract_type(contract).name} has {len(found)} errors {error!r}")
        return found[0]
    abi = getattr(error, "abi", None)
    if isinstance(abi, ErrorABI):
        return abi
    raise TypeError(f"{error!r} is no custom error; see panics() and reverts_with_text()")


def _contract_type(contract: Contract) -> ContractType:
    return contract if isinstance(contract, ContractType) else contract.contract_type


def _encoded(abi: ErrorABI, inputs: dict[str, Any]) -> bytes:
    """The bytes that the error returns; a missing or unknown input is a mistake of the test."""
    names = [str(parameter.name) for parameter in abi.inputs]
    if set(names) != set(inputs):
        raise TypeError(f"{abi.name} has the inputs {names}, the test names {sorted(inputs)}")
    ecosystem = ManagerAccessMixin.provider.network.ecosystem
    arguments = ecosystem.encode_calldata(abi, *(inputs[name] for name in names))
    return _selector(abi) + bytes(arguments)


def _selector(abi: ErrorABI) -> bytes:
    return function_signature_to_4byte_selector(abi.selector)


def _described(data: bytes, contract: Contract | None) -> str:
    """What a person should read about returned bytes, decoded as far as the ABI is known."""
    if not data:
        return "a revert without data"
    selector, arguments = data[:4], data[4:]
    try:
        if selector == _PANIC_SELECTOR:
            return f"panic 0x{decode(['uint256'], arguments)[0]:02x}"
        if selector == _TEXT_SELECTOR:
            return f"the text {decode(['string'], arguments)[0]!r}"
        for abi in _known_errors(contract):
            if _selector(abi) == selector:
                values = decode([parameter.canonical_type for parameter in abi.inputs], arguments)
                names = [str(parameter.name) for parameter in abi.inputs]
                return f"{abi.name}({_listed(dict(zip(names, values, strict=True)))})"
    except DecodingError:
        return f"data that does not decode, 0x{data.hex()}"
    return f"an unknown error 0x{data.hex()}"


def _known_errors(contract: Contract | None) -> Iterator[ErrorABI]:
    """The errors of the contract at hand and of every contract that the project has compiled."""
    if contract is not None:
        yield from _contract_type(contract).errors
    manifest = ManagerAccessMixin.local_project.manifest
    for contract_type in (manifest.contract_types or {}).values():
        yield from contract_type.errors


def _listed(inputs: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in inputs.items())
