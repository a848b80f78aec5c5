"""One address on a page of its own: what it holds, what it earned, its tickets.

A transfer of kETH says its ether at that moment, and a transfer of wkETH its units, which the rate
of its block turns into ether. What an account has now, less all that came and plus all that went,
is what it earned (or lost). Reading this needs the states of these blocks, which a node may not
have any more.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from keel.chain.abi import Event, Log
from keel.chain.contract import Contract, call_many
from keel.chain.errors import RpcError
from keel.chain.logs import logs_matching
from keel.chain.revert import Reverted
from keel.chain.state import balance_wei, word
from keel.dashboard.view import Snapshot
from keel.deploy.bindings import Bindings
from keel.errors import KeelError
from keel.sight.event_index import Happened
from keel.sight.rebases import reported

REPORTS_SHOWN = 12
_TRANSFERS_MOST = 500
_BLOCKS_MOST = 500_000


class HistoryError(KeelError):
    """Rewards cannot be told; the message says why."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """At one block; wkETH and shares of the fund with what they are worth in wei."""

    ether_wei: int
    keth_wei: int
    wketh_units: int
    wketh_wei: int
    fund_shares: int
    fund_wei: int

    @property
    def in_keel_wei(self) -> int:
        """What the account has in kETH, wkETH and the fund."""
        return self.keth_wei + self.wketh_wei + self.fund_wei


@dataclass(frozen=True, slots=True)
class Flow:
    """Ether that came (or went, below zero) as kETH or wkETH."""

    block_number: int
    wei: int


@dataclass(frozen=True, slots=True)
class ReportRow:
    """What kETH and wkETH were worth at a report's block, and what they had earned since the last.

    Deposits and transfers in between are left out of `earned_wei`.
    """

    block_number: int
    time: int
    transaction_hash: str
    worth_wei: int
    earned_wei: int


@dataclass(frozen=True, slots=True)
class Rewards:
    """All that kETH and wkETH earned so far, and the last reports, the newest first."""

    earned_wei: int
    put_in_wei: int
    rows: tuple[ReportRow, ...]


def read_holdings(c: Bindings, address: str, block: int) -> Holdings:
    """Read one block; raises what the client raises."""
    fund_shares = c.fund.balanceOf(address, block=block)
    fund_units = c.fund.convertToAssets(fund_shares, block=block)
    units = c.wrapped.balanceOf(address, block=block)
    return Holdings(
        ether_wei=balance_wei(c.rpc, address, block),
        keth_wei=c.vault.balanceOf(address, block=block),
        wketh_units=units,
        wketh_wei=c.wrapped.convertToAssets(units, block=block),
        fund_shares=fund_shares,
        fund_wei=c.wrapped.convertToAssets(fund_units, block=block),
    )


def read_rewards(
    c: Bindings, address: str, snapshot: Snapshot, events: Sequence[Happened], first_block: int
) -> Rewards:
    """Rewards up to the snapshot's block; raises HistoryError, and what the client raises."""
    head = snapshot.head.number
    try:
        flows = _flows(c, address, first_block, head)
        reports = [e for e in reported(events) if e.event.log.block_number <= head]
        reports = reports[-REPORTS_SHOWN - 1 :]
        blocks = [event.event.log.block_number for event in reports]
        worths = [_worth(c, address, block) for block in blocks]
        now_wei = _worth(c, address, head)
    except (RpcError, Reverted) as error:
        raise HistoryError(f"the node does not give older states: {error}") from error
    rows = []
    for place in range(1, len(reports)):
        since, block = blocks[place - 1], blocks[place]
        moved_wei = sum(flow.wei for flow in flows if since < flow.block_number <= block)
        event = reports[place]
        rows.append(
            ReportRow(
                block_number=block,
                time=event.time,
                transaction_hash=event.event.log.transaction_hash,
                worth_wei=worths[place],
                earned_wei=worths[place] - worths[place - 1] - moved_wei,
            )
        )
    put_in_wei = sum(flow.wei for flow in flows)
    return Rewards(now_wei - put_in_wei, put_in_wei, tuple(reversed(rows)))


def concerns(happened: Happened, address: str) -> bool:
    """Whether an event names the address."""
    return address in happened.inputs.values()


def _worth(c: Bindings, address: str, block: int) -> int:
    keth_wei, units = call_many(
        c.rpc,
        [c.vault.balanceOf.prepare(address), c.wrapped.balanceOf.prepare(address)],
        block,
    )
    return int(keth_wei) + int(c.wrapped.convertToAssets(units, block=block))


def _flows(c: Bindings, address: str, first_block: int, last_block: int) -> list[Flow]:
    """Every transfer of kETH and wkETH from and to the address, valued at its block."""
    found: list[Flow] = []
    for contract, event in _transfers(c, address, first_block, last_block):
        block = event.log.block_number
        sign = int(event.inputs["to"] == address) - int(event.inputs["from"] == address)
        value = int(event.inputs["value"])
        if contract is c.wrapped:
            value = int(c.wrapped.convertToAssets(value, block=block))
        found.append(Flow(block, sign * value))
    return found


def _transfers(
    c: Bindings, address: str, first_block: int, last_block: int
) -> Iterator[tuple[Contract, Event]]:
    if last_block - first_block > _BLOCKS_MOST:
        raise HistoryError(f"the history has more than {_BLOCKS_MOST:,} blocks")
    count = 0
    for contract in (c.vault, c.wrapped):
        for log in _logs(contract, address, first_block, last_block):
            count += 1
            if count > _TRANSFERS_MOST:
                raise HistoryError(f"the address has more than {_TRANSFERS_MOST} transfers")
            event = contract.abi.decode_log(log)
            if event is not None:
                yield contract, event


def _logs(contract: Contract, address: str, first_block: int, last_block: int) -> Iterator[Log]:
    """Transfers to the address and from it, each once."""
    transfer, own = "0x" + contract.abi.topic("Transfer").hex(), word(int(address, 16))
    seen: set[tuple[str, int]] = set()
    for topics in ([transfer, own], [transfer, None, own]):
        query = {"address": contract.address, "topics": topics}
        for log in logs_matching(contract.rpc, query, first_block, last_block):
            if (log.transaction_hash, log.log_index) not in seen:
                seen.add((log.transaction_hash, log.log_index))
                yield log
