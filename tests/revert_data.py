"""The bytes that a failed transaction or call returned, which Ape's exceptions drop or replace."""

from typing import Any

from ape.exceptions import OutOfGasError, VirtualMachineError
from ape.utils import ManagerAccessMixin
from ape_ethereum.trace import CallTrace

from keel.chain.errors import RpcError

_REVERTED = "execution reverted"


def revert_data(failure: VirtualMachineError | RpcError) -> bytes | None:
    """Return what the revert returned, or None when the failure is not a revert."""
    if isinstance(failure, RpcError):
        return failure.data
    if isinstance(failure, OutOfGasError):
        return None
    if failure.txn is None:
        return _data_of_call(failure)
    return _data_of_transaction(failure)


def _data_of_transaction(failure: VirtualMachineError) -> bytes | None:
    """Read the trace of the mined transaction.

    Ape's exception comes from a replay on the state after it, with another timestamp.
    """
    transaction: Any = failure.txn
    sessional = ManagerAccessMixin.chain_manager.history[transaction.sender].sessional
    if not sessional or sessional[-1].nonce != transaction.nonce:
        return _data_of_refusal(failure)
    trace = ManagerAccessMixin.provider.make_request(
        "debug_traceTransaction", [sessional[-1].txn_hash, {"tracer": "callTracer"}]
    )
    if trace.get("error") != _REVERTED:
        return None
    return _from_hex(trace.get("output", "0x"))


def _data_of_refusal(failure: VirtualMachineError) -> bytes | None:
    """Read the answer with which the node refused to take a transaction that would revert."""
    data = getattr(failure.base_err, "data", None)
    return _from_hex(data) if isinstance(data, str) else None


def _data_of_call(failure: VirtualMachineError) -> bytes | None:
    """Repeat the call on the unchanged state: Ape keeps only its message."""
    trace = failure.trace
    if not isinstance(trace, CallTrace):
        return None
    answer = ManagerAccessMixin.provider.web3.provider.make_request(
        "eth_call", [trace.tx, *trace.arguments]
    )
    error: Any = answer.get("error", {})
    if not str(error.get("message", "")).startswith(_REVERTED):
        return None
    return _from_hex(error.get("data", "0x"))


def _from_hex(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
