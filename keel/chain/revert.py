"""Why a call or transaction failed, as a value that tests can compare."""

from dataclasses import dataclass

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from keel.chain.abi import Abi, CustomError
from keel.chain.errors import ChainError, RpcError

_ERROR_STRING = bytes.fromhex("08c379a0")  # Error(string)
_PANIC = bytes.fromhex("4e487b71")  # Panic(uint256)
_REVERTED = "revert"
_HALTED = (
    "evm error",
    "gas required exceeds",
    "invalid jump",
    "invalid opcode",
    "out of gas",
    "outofgas",
    "stack limit",
    "stack overflow",
    "stack underflow",
    "vm execution error",
    "write protection",
)
"""Words by which clients tell that the EVM stopped without a revert."""
_ANVIL_HALT = "EVM error "


@dataclass(frozen=True, slots=True)
class RevertString:
    """`require(condition, "text")` or `revert("text")`."""

    text: str


@dataclass(frozen=True, slots=True)
class Panic:
    """A check of the compiler failed: 0x01 assert, 0x11 overflow, 0x12 division by zero, ..."""

    code: int


@dataclass(frozen=True, slots=True)
class BareRevert:
    """A revert without data."""


@dataclass(frozen=True, slots=True)
class UnknownRevert:
    """Revert data that no ABI at hand explains."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Halt:
    """The EVM stopped without revert: out of gas, invalid opcode, failed precompile."""

    reason: str


type Cause = CustomError | RevertString | Panic | BareRevert | UnknownRevert | Halt


class Reverted(ChainError):  # noqa: N818 (an outcome of the chain that callers often expect)
    """A call or transaction failed in the EVM; `cause` says why.

    `transaction_hash` is None for a call.
    """

    def __init__(self, cause: Cause, what: str, transaction_hash: str | None = None) -> None:
        super().__init__(f"{what} failed: {cause}")
        self.cause = cause
        self.what = what
        self.transaction_hash = transaction_hash


def decode_revert(data: bytes, abi: Abi | None = None) -> Cause:
    """Explain revert data with the custom errors of `abi`."""
    if not data:
        return BareRevert()
    try:
        if data[:4] == _ERROR_STRING:
            return RevertString(str(decode(["string"], data[4:])[0]))
        if data[:4] == _PANIC:
            return Panic(int(decode(["uint256"], data[4:])[0]))
        error = None if abi is None else abi.decode_error(data)
    except (DecodingError, UnicodeDecodeError):
        return UnknownRevert(data)
    return UnknownRevert(data) if error is None else error


def cause_of(error: RpcError, abi: Abi | None = None) -> Cause | None:
    """Explain the RpcError of an eth_call; None when the EVM had no part in it.

    Clients give codes as they like: data and words decide. Some give empty data with a halt.
    """
    said = error.message.lower()
    if error.data or _REVERTED in said:
        return decode_revert(error.data or b"", abi)
    if any(words in said for words in _HALTED):
        return Halt(error.message.removeprefix(_ANVIL_HALT))
    return None if error.data is None else BareRevert()
