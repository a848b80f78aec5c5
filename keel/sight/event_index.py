"""What happened: chosen events of Keel, kept up to the head.

A read ends at a block whose hash is remembered. When that block is no longer the chain's (a reorg,
a restarted node, a development chain that was put back), the index goes back to the newest block
that still is, forgets what came later, and reads on from there.

With a file, an index begins with what an earlier one had read. So a restart reads again at most the
last KEPT_EVERY_BLOCKS that were read before, also after ten years.
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
from keel.nodes.errors import NodeError
from keel.sight.event_file import EventFile, KeptEvents
from keel.sight.key_lives import STAKED_MORE

KEPT_EVERY_BLOCKS = 900
"""After so many blocks, three hours on mainnet, the file is written again."""

RANGE_BLOCKS = 2_000
"""Blocks of one eth_getLogs; providers refuse much more."""
_RANGES_AT_ONCE = 25
_CHECKPOINTS_KEPT = 512
_HEADERS_AT_ONCE = 200
_TRANSFERS = frozenset(("Transfer", "TransferShares"))
_MODULES_SET = "ModulesSet"  # its modules are named like the fields of Bindings
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
    and burns, and those to and from the contracts of the fields `holding`. The registry's
    `KeyStaked` and `KeyStakedMore` are among them: what they add up to shows when logs are missing.
    With the vault's `ModulesSet` those of every oracle and fund are kept that was ever its module.
    """

    def __init__(
        self,
        contracts: Bindings,
        first_block: int,
        names: Mapping[str, tuple[str, ...]],
        file: EventFile | None = None,
        holding: tuple[str, ...] = (),
    ) -> None:
        self._first_block = first_block
        self._contracts = contracts
        self._names = names
        self._holding = holding
        self._fields = {getattr(contracts, field).address: field for field in names}
        self._file = file
        self._scope: dict[str, Any] = {
            "first_block": first_block,
            "events": {
                field: [getattr(contracts, field).address, *kept] for field, kept in names.items()
            },
        }
        if holding:
            self._scope["holding"] = list(holding)
        self._begin()

    @property
    def last_block(self) -> int:
        """Newest block that was read."""
        return self._checkpoints[-1][0] if self._checkpoints else -1

    def follow(self, rpc: RpcClient, head: BlockHead) -> bool:
        """Read on towards a head; whether it was reached, else the next call goes on.

        Raises ChainMovedError when blocks were replaced meanwhile, NodeError when the node leaves
        out logs, and what the client raises.
        """
        self._go_back(rpc, head)
        before = self.last_block
        for _ in range(_RANGES_AT_ONCE):
            first = self._next_block
            if first > head.number:
                break
            last = min(first + RANGE_BLOCKS - 1, head.number)
            self._read_range(rpc, first, last, head)
        is_there = self._next_block > head.number
        if is_there and self.last_block > before:
            self._require_whole(rpc, head)
            self._keep()
        return is_there

    @property
    def _next_block(self) -> int:
        return max(self.last_block + 1, self._first_block)

    def _begin(self) -> None:
        """Begin with what the file has, else with nothing."""
        kept = None if self._file is None else self._file.read(self._scope)
        if kept is not None:
            self._meet_modules(kept.logs)
        self._checkpoints: list[tuple[int, str]] = [] if kept is None else list(kept.checkpoints)
        self.events: tuple[Happened, ...] = (
            () if kept is None else tuple(self._decoded(kept.logs, kept.times))
        )
        self._kept_block = self.last_block

    def _keep(self) -> None:
        is_due = self._kept_block < 0 or self.last_block - self._kept_block >= KEPT_EVERY_BLOCKS
        if self._file is None or not is_due:
            return
        logs = [happened.event.log for happened in self.events]
        times = {happened.event.log.block_number: happened.time for happened in self.events}
        self._file.write(self._scope, KeptEvents(self._checkpoints, logs, times))
        self._kept_block = self.last_block

    def _require_whole(self, rpc: RpcClient, head: BlockHead) -> None:
        """Compare with the registry's own count; what a node left out must not be kept."""
        found = sum(map(_parts_staked, self.events))
        staked = self._contracts.registry.totals(block=head.number).staked
        if found == staked:
            return
        self._begin()
        if hash_at(rpc, head.number) != head.hash:
            raise ChainMovedError(f"block {head.number} was replaced while it was read")
        told = f"the logs up to block {head.number} show {found} times 32 ETH staked"
        raise NodeError(rpc.name, f"{told}, the registry says {staked}")

    def _go_back(self, rpc: RpcClient, head: BlockHead) -> None:
        kept = list(self._checkpoints)
        while kept and not _stands(rpc, kept[-1], head):
            kept.pop()
        if len(kept) == len(self._checkpoints):
            return
        self._checkpoints = kept
        last = self.last_block
        self._kept_block = min(self._kept_block, last)
        self.events = tuple(e for e in self.events if e.event.log.block_number <= last)

    def _read_range(self, rpc: RpcClient, first: int, last: int, head: BlockHead) -> None:
        before = head.hash if last == head.number else hash_at(rpc, last)
        logs = self._logs(rpc, first, last)
        if self._meet_modules(logs):
            logs = self._logs(rpc, first, last)
        times = times_of(rpc, {log.block_number for log in logs})
        if before is None or hash_at(rpc, last) != before:
            raise ChainMovedError(f"block {last} was replaced while it was read")
        self.events += tuple(self._decoded(logs, times))
        self._checkpoints = [*self._checkpoints, (last, before)][-_CHECKPOINTS_KEPT:]

    def _meet_modules(self, logs: Iterable[Log]) -> bool:
        """Read from now on what modules emit that were set here; whether there are new ones."""
        vault, known = self._contracts.vault, len(self._fields)
        for log in logs:
            event = vault.abi.decode_log(log) if log.address == vault.address else None
            if event is not None and event.name == _MODULES_SET:
                for field, address in event.inputs["modules"]._asdict().items():
                    if field in self._names:
                        self._fields.setdefault(address, field)
        return len(self._fields) > known

    def _logs(self, rpc: RpcClient, first: int, last: int) -> list[Log]:
        c = self._contracts
        others = {
            field: tuple(name for name in kept if name not in _TRANSFERS)
            for field, kept in self._names.items()
        }
        queries: list[dict[str, Any]] = [
            {"address": list(self._fields), "topics": [_topics(c, others)]}
        ]
        held = (address for address, field in self._fields.items() if field in self._holding)
        ends = [_ZERO_TOPIC, *(f"0x{address[2:].lower():0>64}" for address in held)]
        for token, kept in self._names.items():
            moves = tuple(name for name in kept if name in _TRANSFERS)
            if not moves:
                continue
            moved, address = _topics(c, {token: moves}), getattr(c, token).address
            both = ([moved, ends], [moved, None, ends])
            queries += [{"address": address, "topics": topics} for topics in both]
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


def _parts_staked(happened: Happened) -> int:
    """How many of the registry's `totals.staked` an event adds."""
    if happened.name == STAKED_MORE:
        return int(happened.inputs["parts"])
    return happened.name == "KeyStaked"


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


def times_of(rpc: RpcClient, numbers: Iterable[int]) -> dict[int, int]:
    """Times of blocks by their numbers; raises ChainMovedError for one that is no more."""
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
