"""A thin binding of a contract: ABI, address and client.

For suites, measures and loops that need thousands of calls: a view takes about 0.5 ms and a
transaction about 1 ms. Where speed does not matter, Ape's own contracts read better.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from keel.chain.abi import Abi, AbiEntry, AbiFunction, Event, checksummed
from keel.chain.errors import RpcError
from keel.chain.logs import logs_between
from keel.chain.revert import Reverted, cause_of
from keel.chain.rpc import RpcClient
from keel.chain.transaction import (
    TRANSACTION_GAS_CAP,
    Receipt,
    send_transaction,
)


@dataclass(frozen=True, slots=True)
class PreparedCall:
    """A read that call_many will make together with others."""

    contract: "Contract"
    function: AbiFunction
    request: dict[str, str]

    @property
    def what(self) -> str:
        """Name for messages."""
        return self.function.inputs.text


class Function[Result, *Arguments]:
    """One function of one contract: called to read, `send` for a transaction.

    `name` may be a whole signature, `name(types)`, where functions share a name.
    """

    def __init__(self, contract: "Contract", name: str) -> None:
        self._contract = contract
        self._name = name

    def __call__(
        self,
        *arguments: *Arguments,
        sender: str | None = None,
        value_wei: int = 0,
        block: int | str = "latest",
    ) -> Result:
        """Read, or try what a transaction would return; raises Reverted with the cause."""
        prepared = self.prepare(*arguments, sender=sender, value_wei=value_wei)
        try:
            answer = self._contract.rpc.call("eth_call", prepared.request, _block_tag(block))
        except RpcError as error:
            raise _explained(error, prepared) from error
        result: Result = prepared.function.decode_result(bytes.fromhex(answer[2:]))
        return result

    def prepare(
        self, *arguments: *Arguments, sender: str | None = None, value_wei: int = 0
    ) -> PreparedCall:
        """Encode a read for call_many."""
        found = self._found(arguments)
        request = {"to": self._contract.address, "data": "0x" + found.encode_call(arguments).hex()}
        if sender is not None:
            request["from"] = sender
        if value_wei:
            request["value"] = hex(value_wei)
        return PreparedCall(self._contract, found, request)

    def encode(self, *arguments: *Arguments) -> bytes:
        """Return the calldata of a call."""
        return self._found(arguments).encode_call(arguments)

    def send(
        self,
        *arguments: *Arguments,
        sender: str,
        value_wei: int = 0,
        gas: int = TRANSACTION_GAS_CAP,
    ) -> Receipt:
        """Send from an unlocked or impersonated account; raises Reverted with the cause."""
        found = self._found(arguments)
        return send_transaction(
            self._contract.rpc,
            sender,
            self._contract.address,
            found.encode_call(arguments),
            value_wei=value_wei,
            gas=gas,
            max_fee_per_gas_wei=self._contract.max_fee_per_gas_wei,
            errors=self._contract.errors,
            what=found.inputs.text,
        )

    def _found(self, arguments: Sequence[Any]) -> AbiFunction:
        return self._contract.abi.function(self._name, len(arguments))


class Contract:
    """One contract on one chain; each function of the ABI is an attribute of its name.

    Subclasses declare those attributes with their types (keel/deploy/contracts.py); `function`
    finds them where no subclass does. `errors` explains custom errors that bubble up from other
    contracts; by default the contract's own. `max_fee_per_gas_wei` applies to all that is sent,
    see send_transaction.
    """

    def __init__(
        self,
        rpc: RpcClient,
        address: str,
        abi: Abi | Iterable[AbiEntry],
        *,
        errors: Abi | None = None,
        max_fee_per_gas_wei: int | None = None,
    ) -> None:
        self.rpc = rpc
        self.address = checksummed(address)
        self.abi = abi if isinstance(abi, Abi) else Abi(abi)
        self.errors = errors or self.abi
        self.max_fee_per_gas_wei = max_fee_per_gas_wei
        for name in self.abi.functions:
            if not hasattr(self, name):
                setattr(self, name, self.function(name))

    def at(self, address: str) -> Self:
        """Bind the same ABI at another address."""
        return type(self)(
            self.rpc,
            address,
            self.abi,
            errors=self.errors,
            max_fee_per_gas_wei=self.max_fee_per_gas_wei,
        )

    def function(self, name: str) -> Function[Any, *tuple[Any, ...]]:
        """Return a function by name or signature; its use raises AbiMismatchError if none fits."""
        return Function(self, name)

    def events(self, receipt: Receipt, name: str | None = None) -> list[Event]:
        """Events that this contract emitted in a transaction, all or those of one name."""
        own = (self.abi.decode_log(log) for log in receipt.logs if log.address == self.address)
        return [event for event in own if event is not None and name in (None, event.name)]

    def events_between(
        self, first_block: int, last_block: int, name: str | None = None
    ) -> list[Event]:
        """Events that this contract emitted in a closed range of blocks."""
        topic = None if name is None else self.abi.topic(name)
        logs = logs_between(self.rpc, [self.address], first_block, last_block, topic)
        decoded = map(self.abi.decode_log, logs)
        return [event for event in decoded if event is not None]


def call_many(
    rpc: RpcClient, calls: Sequence[PreparedCall], block: int | str = "latest"
) -> list[Any]:
    """Make many reads in one request; raises Reverted for the first that fails."""
    tag = _block_tag(block)
    outcomes = rpc.batch_outcomes([("eth_call", (call.request, tag)) for call in calls])
    results = []
    for call, outcome in zip(calls, outcomes, strict=True):
        if isinstance(outcome, RpcError):
            raise _explained(outcome, call) from outcome
        results.append(call.function.decode_result(bytes.fromhex(outcome[2:])))
    return results


def deploy(
    rpc: RpcClient,
    abi: Abi | Iterable[AbiEntry],
    creation_code: bytes,
    *arguments: Any,
    sender: str,
    value_wei: int = 0,
) -> tuple[Contract, Receipt]:
    """Create a contract by a plain transaction; raises Reverted with the cause."""
    parsed = abi if isinstance(abi, Abi) else Abi(abi)
    data = creation_code + parsed.constructor.encode(arguments)
    receipt = send_transaction(
        rpc, sender, None, data, value_wei=value_wei, errors=parsed, what="constructor"
    )
    if receipt.contract_address is None:
        raise RpcError("eth_sendTransaction", 0, "the receipt has no contract address", None)
    return Contract(rpc, receipt.contract_address, parsed), receipt


def _block_tag(block: int | str) -> str:
    return hex(block) if isinstance(block, int) else block


def _explained(error: RpcError, call: PreparedCall) -> RpcError | Reverted:
    cause = cause_of(error, call.contract.errors)
    return error if cause is None else Reverted(cause, call.what)
