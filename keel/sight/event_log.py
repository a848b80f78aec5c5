"""The events of several contracts, read once and then only as far as the chain went on."""

from collections.abc import Sequence
from dataclasses import dataclass

from keel.chain.abi import Event
from keel.chain.contract import Contract
from keel.chain.logs import logs_between
from keel.chain.state import block_head

REORG_BLOCKS = 96
"""Blocks that are read again each time: three epochs, after which they are final as a rule."""


@dataclass(frozen=True, slots=True)
class _Anchor:
    """A block up to which events are taken as they were read, for as long as it has this hash."""

    number: int
    hash: str


class EventLog:
    """Events from `first_block` on; when even the anchor was replaced, all are read again."""

    def __init__(
        self,
        contracts: Sequence[Contract],
        first_block: int,
        reorg_blocks: int = REORG_BLOCKS,
    ) -> None:
        self._contracts = {contract.address: contract for contract in contracts}
        self._rpc = contracts[0].rpc
        self._first_block = first_block
        self._reorg_blocks = reorg_blocks
        self._anchor: _Anchor | None = None
        self._settled: list[Event] = []

    def up_to(self, last_block: int) -> list[Event]:
        """All events up to a block, in order."""
        if self._anchor is not None and not self._stands(self._anchor, last_block):
            self._anchor, self._settled = None, []
        first = self._first_block if self._anchor is None else self._anchor.number + 1
        fresh = self._read(first, last_block)
        found = [*self._settled, *fresh]
        self._settle(fresh, last_block - self._reorg_blocks)
        return found

    def _stands(self, anchor: _Anchor, last_block: int) -> bool:
        if last_block < anchor.number:
            return False
        return block_head(self._rpc, anchor.number).hash == anchor.hash

    def _settle(self, fresh: Sequence[Event], number: int) -> None:
        if number < self._first_block or (self._anchor and number <= self._anchor.number):
            return
        self._anchor = _Anchor(number, block_head(self._rpc, number).hash)
        self._settled += [event for event in fresh if event.log.block_number <= number]

    def _read(self, first: int, last: int) -> list[Event]:
        logs = logs_between(self._rpc, list(self._contracts), first, last)
        decoded = [self._contracts[log.address].abi.decode_log(log) for log in logs]
        return [event for event in decoded if event is not None]
