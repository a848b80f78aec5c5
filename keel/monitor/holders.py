"""The largest holder: candidates from transfers, amounts from the contracts.

Transfers say in wei what moved, and rewards are not in them, so they only tell who may be among the
largest.
"""

from collections.abc import Iterator
from pathlib import Path

from keel.chain.abi import Log, checksummed
from keel.chain.contract import call_many
from keel.chain.state import BlockHead
from keel.deploy.bindings import Bindings
from keel.model.constants import BPS, SHARES_PER_UNIT, ZERO_ADDRESS
from keel.monitor.reading import Part
from keel.monitor.tally import Tally

_CANDIDATES = 20
_TRANSFER_TOPICS = 3


class HolderIndex:
    """Follows the transfers of both tokens; with a file, a restart goes on where it was."""

    def __init__(
        self, contracts: Bindings, first_block: int, file: Path, *, only_reads: bool
    ) -> None:
        self._contracts = contracts
        query = {
            "address": [contracts.vault.address, contracts.wrapped.address],
            "topics": ["0x" + contracts.vault.abi.topic("Transfer").hex()],
        }
        scope = f"{contracts.vault.address} {first_block}"
        self._received = Tally(query, _moves, first_block, file, scope, only_reads=only_reads)

    def largest(self, head: BlockHead) -> Part | None:
        """Who holds most at the head, None while old transfers are still being read."""
        c = self._contracts
        if not self._received.follow(c.rpc, head):
            return None
        own = frozenset((ZERO_ADDRESS, *(contract.address for contract in c)))
        candidates = self._received.largest(_CANDIDATES, own)
        calls = [c.vault.sharesOf.prepare(who) for who in candidates]
        units = [c.wrapped.balanceOf.prepare(who) for who in candidates]
        totals, *held = call_many(c.rpc, [c.vault.totals.prepare(), *calls, *units])
        shares = [
            kept + wrapped * SHARES_PER_UNIT
            for kept, wrapped in zip(held[: len(candidates)], held[len(candidates) :], strict=True)
        ]
        if not shares:
            return None
        most, who = max(zip(shares, candidates, strict=True))
        return Part(who, most * BPS // max(totals.shares, 1))


def _moves(log: Log) -> Iterator[tuple[str, int]]:
    if len(log.topics) == _TRANSFER_TOPICS:
        amount = int.from_bytes(log.data[:32])
        yield _holder(log.topics[1]), -amount
        yield _holder(log.topics[2]), amount


def _holder(topic: bytes) -> str:
    return checksummed("0x" + topic[-20:].hex())
