"""One transaction on a page of its own: its call and logs decoded, and what it changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from eth_abi.exceptions import DecodingError
from eth_utils.address import is_checksum_address

from keel.chain.abi import Log, checksummed
from keel.chain.contract import Contract
from keel.chain.errors import RpcError
from keel.chain.revert import Reverted
from keel.chain.state import block_head
from keel.chain.transaction import Receipt, receipt_of
from keel.dashboard.actions import transaction_status
from keel.dashboard.decoded import Line, lines_of
from keel.dashboard.storage_changes import Changes, read_changes
from keel.deploy.bindings import Bindings

LOGS_SHOWN = 200
_KEYS_MOST = 24
_SMALL_KEY = 1_000_000
_MALFORMED = (LookupError, TypeError, ValueError, AttributeError)
_SELECTOR_BYTES = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """A decoded call or log; `name` is empty where no ABI at hand has it."""

    address: str
    name: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class TransactionSheet:
    """`block_number` None: not mined yet. `changes` None: `changes_problem` says why."""

    transaction_hash: str
    status: str
    status_text: str
    sender: str
    to: str | None
    value_wei: int
    nonce: int
    block_number: int | None
    time: int
    gas_used: int
    fee_wei: int
    call: Entry | None
    logs: tuple[Entry, ...]
    logs_left_out: int
    changes: Changes | None
    changes_problem: str


def read_transaction(contracts: Bindings, transaction_hash: str) -> TransactionSheet | None:
    """Read it, None when the node does not know it; raises what the client raises."""
    rpc = contracts.rpc
    sent = rpc.call("eth_getTransactionByHash", transaction_hash)
    if sent is None:
        return None
    receipt = receipt_of(rpc, transaction_hash)
    status = transaction_status(contracts, transaction_hash)
    by_address = {getattr(contracts, f.name).address: f.name for f in fields(contracts)}
    logs = [] if receipt is None else [_entry(contracts, by_address, log) for log in receipt.logs]
    call = _call(contracts, by_address, sent)
    changes, problem = _changes(contracts, receipt, sent, [*([call] if call else []), *logs])
    to = sent.get("to")
    return TransactionSheet(
        transaction_hash=transaction_hash,
        status=status["status"],
        status_text=status["text"],
        sender=checksummed(sent["from"]),
        to=None if to is None else checksummed(to),
        value_wei=int(sent["value"], 16),
        nonce=int(sent["nonce"], 16),
        block_number=None if receipt is None else receipt.block_number,
        time=0 if receipt is None else block_head(rpc, receipt.block_number).timestamp,
        gas_used=0 if receipt is None else receipt.gas_used,
        fee_wei=0 if receipt is None else receipt.fee_wei,
        call=call,
        logs=tuple(logs[:LOGS_SHOWN]),
        logs_left_out=max(0, len(logs) - LOGS_SHOWN),
        changes=changes,
        changes_problem=problem,
    )


def _call(
    contracts: Bindings, by_address: Mapping[str, str], sent: Mapping[str, Any]
) -> Entry | None:
    """The call that the transaction makes, None for plain ether and new contracts."""
    to, data = sent.get("to"), bytes.fromhex(sent["input"][2:])
    if to is None or not data:
        return None
    address = checksummed(to)
    field = by_address.get(address)
    if field is not None:
        contract: Contract = getattr(contracts, field)
        for overloads in contract.abi.functions.values():
            for function in overloads.values():
                if function.inputs.selector == data[:_SELECTOR_BYTES]:
                    return _decoded_call(address, field, function.inputs, data)
    return Entry(address, "", lines_of({"data": data}))


def _decoded_call(address: str, field: str, signature: Any, data: bytes) -> Entry:
    try:
        inputs = signature.decode_named(data[_SELECTOR_BYTES:])
    except (DecodingError, ValueError):
        inputs = {"data that cannot be decoded": data}
    return Entry(address, signature.name, lines_of(inputs, field))


def _entry(contracts: Bindings, by_address: Mapping[str, str], log: Log) -> Entry:
    field = by_address.get(log.address)
    try:
        event = None if field is None else getattr(contracts, field).abi.decode_log(log)
    except (DecodingError, ValueError):
        event = None
    if event is None:
        raw = {f"topic {n}": topic for n, topic in enumerate(log.topics)} | {"data": log.data}
        return Entry(log.address, "", lines_of(raw))
    return Entry(log.address, event.name, lines_of(event.inputs, field))


def _changes(
    contracts: Bindings, receipt: Receipt | None, sent: Mapping[str, Any], entries: list[Entry]
) -> tuple[Changes | None, str]:
    if receipt is None:
        return None, "it is not mined yet"
    keys = list(dict.fromkeys(_keys(contracts, sent, entries)))[:_KEYS_MOST]
    try:
        return read_changes(contracts.rpc, receipt.transaction_hash, keys), ""
    except (RpcError, Reverted) as error:
        return None, f"this node does not trace it: {error}"
    except _MALFORMED as error:
        return None, f"this node's trace cannot be read ({type(error).__name__})"


def _keys(
    contracts: Bindings, sent: Mapping[str, Any], entries: list[Entry]
) -> Iterator[str | int]:
    """What may be keys of mappings: accounts and small numbers that the transaction names."""
    yield checksummed(sent["from"])
    yield from (contract.address for contract in contracts)
    for entry in entries:
        for line in entry.lines:
            piece = line.piece
            address = getattr(piece, "address", None)
            if address is not None and is_checksum_address(address):
                yield address
            elif isinstance(piece, str) and piece.replace(",", "").isdecimal():
                number = int(piece.replace(",", ""))
                if number < _SMALL_KEY:
                    yield number
