"""Amounts by account, added up from logs, so that those who may have most are known.

The sums only say whom to ask: what the contracts answer is exact. So a reorg may leave an account
that has less, and growth without a log is not in them.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from heapq import nlargest
from pathlib import Path
from typing import Any

import orjson

from keel.chain.abi import Log
from keel.chain.logs import logs_matching
from keel.chain.rpc import RpcClient
from keel.chain.state import BlockHead
from keel.files.atomic_files import write_atomically

_RANGE_BLOCKS = 2_000
_RANGES_AT_ONCE = 25
_KEPT_EVERY_BLOCKS = 900
_log = logging.getLogger(__name__)

type Moves = Callable[[Log], Iterable[tuple[str, int]]]
"""Accounts and by how much a log changes their amounts."""


class Tally:
    """Follows the logs of a query; with a file, a restart goes on where it was.

    `scope` names what is counted: a file of another one is not used.
    """

    def __init__(
        self,
        query: Mapping[str, Any],
        moves: Moves,
        first_block: int,
        file: Path,
        scope: str,
        *,
        only_reads: bool,
    ) -> None:
        self._query = query
        self._moves = moves
        self._next_block = self._kept_block = first_block
        self._file = file
        self._only_reads = only_reads
        self._amounts: Counter[str] = Counter()
        self._scope = hashlib.sha256(scope.encode()).hexdigest()
        self._begin()

    def largest(self, count: int, without: frozenset[str] = frozenset()) -> list[str]:
        """Those who may have most, as far as the logs were read."""
        amounts = {who: each for who, each in self._amounts.items() if who not in without}
        return nlargest(count, amounts, key=lambda who: amounts[who])

    def follow(self, rpc: RpcClient, head: BlockHead) -> bool:
        """Read on towards a head; whether it was reached, else the next call goes on."""
        if head.number < self._next_block - 1:  # the chain became shorter
            self._next_block = head.number + 1
        for _ in range(_RANGES_AT_ONCE):
            if self._next_block > head.number:
                break
            last = min(self._next_block + _RANGE_BLOCKS - 1, head.number)
            for log in logs_matching(rpc, self._query, self._next_block, last):
                for who, amount in self._moves(log):
                    self._amounts[who] += amount
            self._next_block = last + 1
        is_due = self._next_block - self._kept_block >= _KEPT_EVERY_BLOCKS
        if is_due and not self._only_reads:
            self._keep()
        return self._next_block > head.number

    def _begin(self) -> None:
        try:
            kept = orjson.loads(self._file.read_bytes())
            if kept["scope"] == self._scope:
                amounts = {str(who): int(each) for who, each in kept["amounts"].items()}
                self._next_block = self._kept_block = int(kept["next_block"])
                self._amounts = Counter(amounts)
        except FileNotFoundError:
            pass
        except (OSError, ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
            _log.warning("%s cannot be used: its logs are read again from the start", self._file)

    def _keep(self) -> None:
        amounts = {who: str(each) for who, each in self._amounts.items() if each}
        content = {
            "scope": self._scope,
            "next_block": self._next_block,
            "amounts": amounts,
        }
        try:
            write_atomically(self._file, orjson.dumps(content))
        except OSError as error:
            _log.warning("%s cannot be written: %s", self._file, error.strerror)
        self._kept_block = self._next_block
