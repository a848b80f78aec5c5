"""What happened: chosen events of Keel, kept up to the head.

A read ends at a block whose hash is remembered. When that block is no longer the chain's (a reorg,
a restarted node, a development chain that was put back), the index goes back to the newest block
that still is, forgets what came later, and reads on from there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from keel.chain.abi import Event, Log
from keel.chain.errors import ChainError
from keel.chain.logs import logs_matching
from keel.chain.rpc import RpcClient
from keel.chain.state import BlockHead
from keel.deploy.bindings import Bindings

RANGE_BLOCKS = 2_000
"""Blocks of one eth_getLogs; providers refuse much more."""
_RANGES_AT_ONCE = 25
_CHECKPOINTS_KEPT = 512
_HEADERS_AT_ONCE = 200
_TRANSFER = "Transfer"
_ZERO_TOPIC = "0x" + "0" * 64


class ChainMovedError(ChainError):
    """The chain changed while it was read; reading again at the new head helps."""


@dataclass(frozen=True, slots=True)
class Happened:
    """An event, the field of Bindings that emitted it, and its block's time."""

    contract: str
    event: Event
    time: int

    @property
    def name(self) -> str:
        """The event's name."""
        return self.event.name

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The event's inputs by name."""
        return self.event.inputs


class EventIndex:
    """Events in the order of the chain, up to `last_block`, which is -1 before the first read.

    `names` are the events that are kept, by field of Bindings; of transfers of a token only mints
    and burns.
    """

    def __init__(
        self, contracts: Bindings, first_block: int, names: Mapping[str, tuple[str, ...]]
    ) -> None:
        self._first_block = first_block
        self._contracts = contracts
        self._names = names
        self._fields = {getattr(contracts, field).address: field for field in names}
        self._checkpoints: list[tuple[int, str]] = []
        self.events: tuple[Happened, ...] = ()

    @property
    def last_block(self) -> int:
        """Newest block that was read."""
        return self._checkpoints[-1][0] if self._checkpoints else -1

    def follow(self, rpc: RpcClient, head: BlockHead) -> bool:
        """Read on towards a head; whether it was reached, else the next call goes on.

        Raises ChainMovedError when blocks were replaced meanwhile, and what the client raises.
        """
        self._go_back(rpc, head)
        for _ in range(_RANGES_AT_ONCE):
            first = max(self.last_block + 1, self._first_block)
            if first > head.number:
                return True
            last = min(first + RANGE_BLOCKS - 1, head.number)
            self._read_range(rpc, first, last, head)
        return self.last_block >= head.number

    def _go_back(self, rpc: RpcClient, head: BlockHead) -> None:
        kept = list(self._checkpoints)
        while kept and not _stands(rpc, kept[-1], head):
            kept.pop()
        if len(kept) == len(self._checkpoints):
            return
        self._checkpoints = kept
        last = self.last_block
        self.events = tuple(e for e in self.events if e.event.log.block_number <= last)

    def _read_range(self, rpc: RpcClient, first: int, last: int, head: BlockHead) -> None:
        before = head.hash if last == head.number else hash_at(rpc, last)
        logs = self._logs(rpc, first, last)
        times = _times_of(rpc, {log.block_number for log in logs})
        if before is None or hash_at(rpc, last) != before:
            raise ChainMovedError(f"block {last} was replaced while it was read")
        self.events += tuple(self._decoded(logs, times))
        self._checkpoints = [*self._checkpoints, (last, before)][-_CHECKPOINTS_KEPT:]

    def _logs(self, rpc: RpcClient, first: int, last: int) -> list[Log]:
        c = self._contracts
        others = {
            field: tuple(name for name in kept if name != _TRANSFER)
            for field, kept in self._names.items()
        }
        queries: list[dict[str, Any]] = [
            {"address": list(self._fields), "topics": [_topics(c, others)]}
        ]
        for token in (field for field, kept in self._names.items() if _TRANSFER in kept):
            transfer = _topics(c, {token: (_TRANSFER,)})
            ends = ([transfer, _ZERO_TOPIC], [transfer, None, _ZERO_TOPIC])
            address = getattr(c, token).address
            queries += [{"address": address, "topics": topics} for topics in ends]
        found = {
            (log.block_number, log.log_index): log
            for query in queries
            for log in logs_matching(rpc, query, first, last)
        }
        return [found[key] for key in sorted(found)]

    def _decoded(self, logs: Iterable[Log], times: Mapping[int, int]) -> Iterable[Happened]:
        for log in logs:
            field = self._fields[log.address]
            event = getattr(self._contracts, field).abi.decode_log(log)
            if event is not None and event.name in self._names[field]:
                yield Happened(field, event, times[log.block_number])


def _topics(contracts: Bindings, names: Mapping[str, tuple[str, ...]]) -> list[str]:
    found = {
        "0x" + topic.hex()
        for field, wanted in names.items()
        for topic, event in getattr(contracts, field).abi.events.items()
        if event.signature.name in wanted
    }
    return sorted(found)


def _stands(rpc: RpcClient, checkpoint: tuple[int, str], head: BlockHead) -> bool:
    number, block_hash = checkpoint
    return number <= head.number and hash_at(rpc, number) == block_hash


def hash_at(rpc: RpcClient, number: int) -> str | None:
    """Hash of a block, None when the chain has none of this number."""
    answer = rpc.call("eth_getBlockByNumber", hex(number), False)
    return None if answer is None else str(answer["hash"])


def _times_of(rpc: RpcClient, numbers: Iterable[int]) -> dict[int, int]:
    wanted = sorted(numbers)
    times = {}
    for start in range(0, len(wanted), _HEADERS_AT_ONCE):
        some = wanted[start : start + _HEADERS_AT_ONCE]
        headers = rpc.batch([("eth_getBlockByNumber", (hex(n), False)) for n in some])
        for number, header in zip(some, headers, strict=True):
            if header is None:
                raise ChainMovedError(f"block {number} was replaced while it was read")
            times[number] = int(header["timestamp"], 16)
    return times
