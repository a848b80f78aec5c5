"""What reports did, read from the chain alone: whoever signed and posted them."""

from dataclasses import dataclass
from typing import Any

from keel.chain.abi import Event
from keel.chain.errors import RpcError
from keel.chain.state import block_head
from keel.chain.transaction import Receipt, receipt_of
from keel.deploy.bindings import Bindings
from keel.deploy.contracts import AccountingOracle
from keel.model.report import Report

_OUTCOMES = ("ReportApplied", "LossAnnounced")
_SELECTOR_BYTES = 4
_STATE_IS_GONE = "BlockOutOfRange"
"""Anvil's word for a block whose state it does not have, as after a resume."""


@dataclass(frozen=True, slots=True)
class Reported:
    """A posted report; `judgement` and `outcome` are what the oracle said it would do.

    Both are None where the node no longer has the state before the report.
    """

    report: Report
    signers: tuple[str, ...]
    applied: bool
    judgement: Any
    outcome: Any
    receipt: Receipt
    events: tuple[Event, ...]

    @property
    def signatures(self) -> int:
        """How many members signed."""
        return len(self.signers)

    def event(self, name: str) -> Event | None:
        """The one event of this name, if there is any."""
        return next((event for event in self.events if event.name == name), None)


def reports_between(contracts: Bindings, first_block: int, last_block: int) -> list[Reported]:
    """Reports that were applied or announced in a closed range of blocks, in order.

    None in an empty one, which missed slots leave.
    """
    if first_block > last_block:
        return []
    events = contracts.oracle.events_between(first_block, last_block)
    hashes = (event.log.transaction_hash for event in events if event.name in _OUTCOMES)
    return [read_report(contracts, each) for each in dict.fromkeys(hashes)]


def read_report(contracts: Bindings, transaction_hash: str) -> Reported:
    """Decode a mined `submit` of a member, and ask once more what it would do at its moment."""
    rpc, oracle = contracts.rpc, contracts.oracle
    receipt = receipt_of(rpc, transaction_hash)
    sent = rpc.call("eth_getTransactionByHash", transaction_hash)
    if receipt is None or sent is None:
        raise ValueError(f"transaction {transaction_hash} is not mined")
    calldata = bytes.fromhex(sent["input"][2:])[_SELECTOR_BYTES:]
    values, _, signatures, _ = oracle.abi.function("submit", 4).inputs.decode(calldata)
    judgement, outcome = _simulated(oracle, values, receipt.block_number)
    events = report_events(contracts, receipt)
    return Reported(
        report=Report(*values),
        signers=tuple(signature.signer for signature in signatures),
        applied=any(event.name == "ReportApplied" for event in events),
        judgement=judgement,
        outcome=outcome,
        receipt=receipt,
        events=events,
    )


def report_events(contracts: Bindings, receipt: Receipt) -> tuple[Event, ...]:
    """Events of all contracts that a report concerns."""
    emitters = (contracts.oracle, contracts.vault, contracts.queue, contracts.fund)
    return tuple(event for contract in emitters for event in contract.events(receipt))


def _simulated(
    oracle: AccountingOracle, values: tuple[Any, ...], block_number: int
) -> tuple[Any, Any]:
    """What the oracle said on the state before the block, at the block's time."""
    prepared = oracle.simulate.prepare(values, 0)
    time = block_head(oracle.rpc, block_number).timestamp
    overrides = {"time": hex(time), "number": hex(block_number)}
    try:
        answer = oracle.rpc.call("eth_call", prepared.request, hex(block_number - 1), {}, overrides)
    except RpcError as error:
        if _STATE_IS_GONE not in error.message:
            raise
        return None, None
    judgement, outcome = prepared.function.decode_result(bytes.fromhex(answer[2:]))
    return judgement, outcome
