"""The largest holder: candidates from transfers, amounts from the contracts.

Transfers say in wei what moved, and rewards are not in them, so they only tell who may be among the
largest. A reorg can leave a candidate who holds less; what the contracts answer is exact.
"""

import hashlib
import logging
from collections import Counter
from heapq import nlargest
from pathlib import Path

import orjson

from keel.chain.abi import checksummed
from keel.chain.contract import call_many
from keel.chain.logs import logs_matching
from keel.chain.state import BlockHead
from keel.deploy.bindings import Bindings
from keel.files.atomic_files import write_atomically
from keel.model.constants import BPS, SHARES_PER_UNIT, ZERO_ADDRESS
from keel.monitor.reading import Part

_CANDIDATES = 20
_RANGE_BLOCKS = 2_000
_RANGES_AT_ONCE = 25
_KEPT_EVERY_BLOCKS = 900
_TRANSFER_TOPICS = 3
_log = logging.getLogger(__name__)


class HolderIndex:
    """Follows the transfers of both tokens; with a file, a restart goes on where it was."""

    def __init__(
        self, contracts: Bindings, first_block: int, file: Path, *, only_reads: bool
    ) -> None:
        self._contracts = contracts
        self._next_block = self._kept_block = first_block
        self._file = file
        self._only_reads = only_reads
        self._received: Counter[str] = Counter()
        scope = f"{contracts.vault.address} {first_block}"
        self._scope = hashlib.sha256(scope.encode()).hexdigest()
        self._begin()

    def largest(self, head: BlockHead) -> Part | None:
        """Who holds most at the head, None while old transfers are still being read."""
        if not self._follow(head):
            return None
        c = self._contracts
        own = {ZERO_ADDRESS, *(contract.address for contract in c)}
        received = {who: each for who, each in self._received.items() if who not in own}
        candidates = nlargest(_CANDIDATES, received, key=lambda who: received[who])
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

    def _follow(self, head: BlockHead) -> bool:
        c = self._contracts
        query = {
            "address": [c.vault.address, c.wrapped.address],
            "topics": ["0x" + c.vault.abi.topic("Transfer").hex()],
        }
        if head.number < self._next_block - 1:  # the chain became shorter
            self._next_block = head.number + 1
        for _ in range(_RANGES_AT_ONCE):
            if self._next_block > head.number:
                break
            last = min(self._next_block + _RANGE_BLOCKS - 1, head.number)
            for log in logs_matching(c.rpc, query, self._next_block, last):
                if len(log.topics) == _TRANSFER_TOPICS:
                    amount = int.from_bytes(log.data[:32])
                    self._received[_holder(log.topics[1])] -= amount
                    self._received[_holder(log.topics[2])] += amount
            self._next_block = last + 1
        is_due = self._next_block - self._kept_block >= _KEPT_EVERY_BLOCKS
        if is_due and not self._only_reads:
            self._keep()
        return self._next_block > head.number

    def _begin(self) -> None:
        try:
            kept = orjson.loads(self._file.read_bytes())
            if kept["scope"] == self._scope:
                received = {str(who): int(wei) for who, wei in kept["received_wei"].items()}
                self._next_block = self._kept_block = int(kept["next_block"])
                self._received = Counter(received)
        except FileNotFoundError:
            pass
        except (OSError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
            _log.warning("%s cannot be used: transfers are read again from the start", self._file)

    def _keep(self) -> None:
        received = {who: str(wei) for who, wei in self._received.items() if wei}
        content = {
            "scope": self._scope,
            "next_block": self._next_block,
            "received_wei": received,
        }
        try:
            write_atomically(self._file, orjson.dumps(content))
        except OSError as error:
            _log.warning("%s cannot be written: %s", self._file, error.strerror)
        self._kept_block = self._next_block


def _holder(topic: bytes) -> str:
    return checksummed("0x" + topic[-20:].hex())
