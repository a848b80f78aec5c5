"""Send transactions of unlocked accounts and read receipts."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keel.chain.abi import Abi, Log, checksummed
from keel.chain.errors import ChainError
from keel.chain.revert import BareRevert, Cause, Halt, Reverted, decode_revert
from keel.chain.rpc import RpcClient

TRANSACTION_GAS_CAP = 2**24
"""Gas given to a transaction that names none: the most that EIP-7825 allows."""

_POLL_SECONDS = 0.0005


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mined transaction. `succeeded` is False when the EVM reverted it."""

    transaction_hash: str
    succeeded: bool
    block_number: int
    timestamp: int
    gas_used: int
    gas_price_wei: int
    sender: str
    contract_address: str | None
    logs: tuple[Log, ...]

    @property
    def fee_wei(self) -> int:
        """What the sender paid for gas."""
        return self.gas_used * self.gas_price_wei


def send_transaction(
    rpc: RpcClient,
    sender: str,
    to: str | None,
    data: bytes = b"",
    *,
    value_wei: int = 0,
    gas: int = TRANSACTION_GAS_CAP,
    max_fee_per_gas_wei: int | None = None,
    errors: Abi | None = None,
    what: str = "transaction",
) -> Receipt:
    """Send from an unlocked or impersonated account and wait until it is mined.

    It pays no tip, so balances change by gas x base fee exactly. Without a maximum fee Anvil
    chooses one, and the sender must own gas x that fee for the time being; 0 spares this on a
    chain whose base fee is 0. Needs a chain that mines by itself. Raises Reverted, its cause
    decoded with `errors`, or RpcError when the transaction was refused.
    """
    request = transaction_request(
        sender, to, data, value_wei=value_wei, gas=gas, max_fee_per_gas_wei=max_fee_per_gas_wei
    )
    receipt = await_receipt(rpc, str(rpc.call("eth_sendTransaction", request)))
    if not receipt.succeeded:
        cause = failure_cause(rpc, receipt.transaction_hash, errors)
        raise Reverted(cause, what, receipt.transaction_hash)
    return receipt


def submit_transaction(
    rpc: RpcClient,
    sender: str,
    to: str | None,
    data: bytes = b"",
    *,
    value_wei: int = 0,
    gas: int = TRANSACTION_GAS_CAP,
    max_fee_per_gas_wei: int | None = None,
) -> str:
    """Hand a transaction to the pool and return its hash; for chains that mine on request."""
    request = transaction_request(
        sender, to, data, value_wei=value_wei, gas=gas, max_fee_per_gas_wei=max_fee_per_gas_wei
    )
    return str(rpc.call("eth_sendTransaction", request))


def transaction_request(
    sender: str,
    to: str | None,
    data: bytes,
    *,
    value_wei: int,
    gas: int,
    max_fee_per_gas_wei: int | None,
) -> dict[str, str]:
    """Return the request object of eth_sendTransaction."""
    request = {
        "from": sender,
        "data": "0x" + data.hex(),
        "value": hex(value_wei),
        "gas": hex(gas),
        "maxPriorityFeePerGas": "0x0",
    }
    if to is not None:
        request["to"] = to
    if max_fee_per_gas_wei is not None:
        request["maxFeePerGas"] = hex(max_fee_per_gas_wei)
    return request


def await_receipt(
    rpc: RpcClient,
    transaction_hash: str,
    timeout_seconds: float = 30.0,
    *,
    longest_pause_seconds: float = _POLL_SECONDS,
) -> Receipt:
    """Ask for the receipt until it is there; raises ChainError when it does not come in time.

    The pauses between the questions double up to the longest, for a node that counts questions.
    Anvil's own eth_sendTransactionSync sometimes waits half a minute for a block that it missed.
    """
    deadline = time.monotonic() + timeout_seconds
    pause = _POLL_SECONDS
    while time.monotonic() < deadline:
        receipt = receipt_of(rpc, transaction_hash)
        if receipt is not None:
            return receipt
        time.sleep(pause)
        pause = min(2 * pause, longest_pause_seconds)
    raise ChainError(f"{transaction_hash} was not mined within {timeout_seconds:.0f} s")


def receipt_of(rpc: RpcClient, transaction_hash: str) -> Receipt | None:
    """Return the receipt, None while the transaction is not mined."""
    answer = rpc.call("eth_getTransactionReceipt", transaction_hash)
    return None if answer is None else parse_receipt(answer)


def failure_cause(rpc: RpcClient, transaction_hash: str, errors: Abi | None = None) -> Cause:
    """Why a mined transaction failed, taken from its own trace and not from a repetition."""
    options = {"tracer": "callTracer", "tracerConfig": {"onlyTopCall": True}}
    trace = rpc.call("debug_traceTransaction", transaction_hash, options)
    output = bytes.fromhex(str(trace.get("output", "0x"))[2:])
    if output:
        return decode_revert(output, errors)
    reason = str(trace.get("error", "unknown"))
    return BareRevert() if reason == "execution reverted" else Halt(reason)


def parse_receipt(answer: Mapping[str, Any]) -> Receipt:
    """Read the JSON of a receipt."""
    created = answer.get("contractAddress")
    timestamp = answer.get("blockTimestamp", 0)
    return Receipt(
        transaction_hash=answer["transactionHash"],
        succeeded=int(answer["status"], 16) == 1,
        block_number=int(answer["blockNumber"], 16),
        timestamp=timestamp if isinstance(timestamp, int) else int(timestamp, 16),
        gas_used=int(answer["gasUsed"], 16),
        gas_price_wei=int(answer["effectiveGasPrice"], 16),
        sender=checksummed(answer["from"]),
        contract_address=None if created is None else checksummed(created),
        logs=tuple(parse_log(log) for log in answer["logs"]),
    )


def parse_log(answer: Mapping[str, Any]) -> Log:
    """Read the JSON of a log entry."""
    return Log(
        address=checksummed(answer["address"]),
        topics=tuple(bytes.fromhex(topic[2:]) for topic in answer["topics"]),
        data=bytes.fromhex(answer["data"][2:]),
        log_index=int(answer["logIndex"], 16),
        block_number=int(answer["blockNumber"], 16),
        transaction_hash=answer["transactionHash"],
    )
