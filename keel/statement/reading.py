"""A statement of a period, read from a node and checked."""

from contextlib import suppress
from dataclasses import dataclass

from keel.chain.errors import RpcError
from keel.chain.state import BlockHead, block_head
from keel.deploy.bindings import Bindings
from keel.nodes.errors import NodeError
from keel.sight.event_file import EventFile
from keel.sight.event_index import ChainMovedError, EventIndex, Happened
from keel.statement.check import Difference, differences
from keel.statement.ledger import HOLDING, NAMES, Ledger, moments
from keel.statement.periods import Span
from keel.statement.statement import Statement


@dataclass(frozen=True)
class Checked:
    """A statement, and the blocks at whose ends its events were compared with the contracts."""

    statement: Statement
    blocks: tuple[int, ...]
    differences: tuple[Difference, ...]


class StatementReader:
    """Reads events once, up to the head of its first reading."""

    def __init__(
        self, contracts: Bindings, first_block: int, file: EventFile | None = None
    ) -> None:
        self._contracts = contracts
        self._index = EventIndex(contracts, first_block, NAMES, file, HOLDING)

    def events_up_to(self, head: BlockHead) -> tuple[Happened, ...]:
        """Every event that a statement needs; raises NodeError when blocks are replaced."""
        rpc = self._contracts.rpc
        try:
            while not self._index.follow(rpc, head):
                pass
        except ChainMovedError as error:
            raise NodeError(rpc.name, str(error)) from error
        return self._index.events

    def read(self, head: BlockHead, span: Span) -> Checked:
        """The statement of a span, compared at its last event and at the head.

        A node that has no state of the past is asked for the head alone, to which the same events
        lead. Raises BooksDifferError for events that contradict each other.
        """
        rpc, events = self._contracts.rpc, self.events_up_to(head)
        opening, closing = moments(self._contracts, events, span)
        found = list(self._differences(events, head))
        blocks = [head.number]
        past = [e.event.log.block_number for e in events if e.time < span[1]]
        if past and past[-1] != head.number:
            with suppress(RpcError):
                found += self._differences(events, block_head(rpc, past[-1]))
                blocks.insert(0, past[-1])
        return Checked(Statement(opening, closing), tuple(blocks), tuple(found))

    def _differences(
        self, events: tuple[Happened, ...], block: BlockHead
    ) -> tuple[Difference, ...]:
        ledger = Ledger(self._contracts)
        for happened in events:
            if happened.event.log.block_number > block.number:
                break
            ledger.apply(happened)
        sums = ledger.at(block.timestamp, 0).sums
        return differences(self._contracts, ledger.funds, block.number, sums)
