"""Methods that move Anvil and the beacon chain together: snapshots, time, blocks, goals."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from keel.chain.errors import ChainError
from keel.chain.state import block_head
from keel.consensus.beacon.advance import OnSlot
from keel.consensus.beacon.branches import Snapshot, leave_branch, take_branch
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.errors import BeaconError
from keel.consensus.beacon.goals import GOALS, Goal, reach
from keel.consensus.beacon.outcome import SlotOutcome
from keel.consensus.gateway.arguments import MOST_SECONDS, at_most, optional, whole
from keel.consensus.gateway.errors import (
    INVALID_PARAMS,
    LIMIT_EXCEEDED,
    SERVER,
    AbandonedError,
    RefusedError,
)

MOST_SLOTS = 2_048
"""Slots that pass in one call at most; a slot takes 0.05 to 0.2 s."""

MOST_SNAPSHOTS = 256
"""The oldest ends when there are more."""

_MOST_MISSED = 64
_NO_WISH = (0, "", 0)


@dataclass
class Steering:
    """`mines_at_once`: Anvil has a block for each transaction. `after_slot` hears of each slot.

    No further slot passes once `ends`, or once whoever asked has left.

    Times are rounded up to the beginning of a slot, unless a transaction is mined at once: then
    the next block between two slots has exactly the time asked for.
    """

    chain: BeaconChain
    mines_at_once: bool = False
    after_slot: OnSlot | None = None
    ends: Callable[[], bool] = lambda: False
    goals: Mapping[str, Goal] = field(default_factory=lambda: GOALS)
    _snapshots: dict[int, Snapshot] = field(default_factory=dict)
    _wanted: tuple[int, str, int] = _NO_WISH
    _is_gone: Callable[[], bool] = lambda: False
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def perform(self, method: str, params: Sequence[Any], is_gone: Callable[[], bool]) -> Any:
        """Carry out a method of METHODS; raises RefusedError, or AbandonedError once `is_gone`."""
        with self._turn:
            self._is_gone = is_gone
            try:
                return METHODS[method](self, method, params)
            except (BeaconError, ChainError) as error:
                raise RefusedError(SERVER, f"{method}: {error}") from error

    def snapshot(self, method: str, params: Sequence[Any]) -> str:
        """Remember both layers."""
        at_most(method, params, 0)
        taken = take_branch(self.chain)
        self._snapshots[int(taken.anvil, 16)] = taken
        while len(self._snapshots) > MOST_SNAPSHOTS:
            del self._snapshots[min(self._snapshots)]
        return taken.anvil

    def revert(self, method: str, params: Sequence[Any]) -> bool:
        """Return both layers to a snapshot and end it with all later ones; False: unknown."""
        at_most(method, params, 1)
        number = whole(method, "snapshot", optional(params, 0), 0, 2**64)
        snapshot = self._snapshots.get(number)
        if snapshot is None:
            return False
        self._snapshots = {at: each for at, each in self._snapshots.items() if at < number}
        self._wanted = _NO_WISH
        return leave_branch(self.chain, snapshot)

    def increase_time(self, method: str, params: Sequence[Any]) -> int:
        """Move time ahead, from where an earlier move is to bring it; returns the seconds."""
        at_most(method, params, 1)
        seconds = whole(method, "seconds", optional(params, 0), 0, MOST_SECONDS)
        self._go_towards(max(self._now(), self._next_time()) + seconds)
        return seconds

    def set_next_time(self, method: str, params: Sequence[Any]) -> None:
        """Let the next block have this time, or that of the first slot after it."""
        at_most(method, params, 1)
        least = block_head(self.chain.rpc).timestamp
        self._go_towards(whole(method, "timestamp", optional(params, 0), least, MOST_SECONDS))

    def set_time(self, method: str, params: Sequence[Any]) -> int:
        """Like set_next_time; returns the seconds from the present to it."""
        before = self._now()
        self.set_next_time(method, params)
        return self._next_time() - before

    def mine(self, method: str, params: Sequence[Any]) -> str:
        """Mine a block, at a time or so many: [], [timestamp] or [{timestamp, blocks}]."""
        at_most(method, params, 1)
        wanted = optional(params, 0)
        options = wanted if isinstance(wanted, Mapping) else {"timestamp": wanted}
        if options.get("timestamp") is not None:
            self.set_next_time(method, [options["timestamp"]])
        blocks = options.get("blocks")
        count = 1 if blocks is None else whole(method, "blocks", blocks, 0, MOST_SLOTS)
        for _ in range(count):
            self._mine_block()
        return "0x0"

    def mine_many(self, method: str, params: Sequence[Any]) -> bool:
        """Mine so many blocks, so many seconds after each other: [blocks, seconds]."""
        at_most(method, params, 2)
        blocks, interval = optional(params, 0), optional(params, 1)
        count = 1 if blocks is None else whole(method, "blocks", blocks, 0, MOST_SLOTS)
        seconds = 0 if interval is None else whole(method, "seconds", interval, 0, MOST_SECONDS)
        self._require_slots(count * self._slots_in(seconds), count * seconds)
        for number in range(count):
            if number and seconds > self.chain.config.slot_seconds:
                self._go_towards(self._now() + seconds)
            self._mine_block()
        return True

    def advance(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        """Let so many slots pass."""
        at_most(method, params, 1)
        for _ in range(whole(method, "slots", optional(params, 0), 1, MOST_SLOTS)):
            self._step()
        return self.status("keel_status", [])

    def until(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        """Let slots pass until something has happened: [event] or ["slot", slot]."""
        at_most(method, params, 2)
        event, chain = optional(params, 0), self.chain
        if event == "slot":
            ahead = range(chain.slot + 1, chain.slot + MOST_SLOTS + 1)
            chain.to_slot(
                whole(method, "slot", optional(params, 1), ahead[0], ahead[-1]), self._passed
            )
        elif event == "epoch":
            chain.to_next_epoch(self._passed)
        elif event == "finality":
            chain.to_finality(on_slot=self._passed)
        elif isinstance(event, str) and event in self.goals:
            reach(chain, self.goals[event], self._passed)
        else:
            known = ", ".join(["slot", "epoch", "finality", *self.goals])
            told = f"{method}: event {str(event)[:80]!r}, one of {known} expected"
            raise RefusedError(INVALID_PARAMS, told)
        return self.status("keel_status", [])

    def status(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        """Head, finality, stake, how blocks come, and when Anvil alone was last moved."""
        at_most(method, params, 0)
        chain = self.chain
        return {
            "slot": chain.slot,
            "epoch": chain.epoch,
            "finalised_epoch": chain.finalised_epoch,
            "slot_seconds": chain.config.slot_seconds,
            "active_gwei": int(chain.spec.get_total_active_balance(chain.state)),
            "mining": "instant" if self.mines_at_once else "slot",
            "anvil_moved": None if chain.moved is None else str(chain.moved),
        }

    def _now(self) -> int:
        return max(self.chain.time_at(self.chain.slot), block_head(self.chain.rpc).timestamp)

    def _go_towards(self, time: int) -> None:
        """Let slots pass until the next block has this time or is the first that can."""
        chain = self.chain
        since = max(time - chain.time_at(0), 0)
        slot = since // chain.config.slot_seconds
        if not self.mines_at_once:
            slot = self._slots_in(since) - 1
        self._require_slots(slot - chain.slot, time - self._now())
        while chain.slot < slot:
            self._step()
        head = block_head(chain.rpc)
        self._wanted = (chain.slot, head.hash, time)
        if self.mines_at_once and time > head.timestamp:
            chain.rpc.call("evm_setNextBlockTimestamp", hex(time))

    def _next_time(self) -> int:
        """The time that was set for the next block; 0 if none was set or a block has used it."""
        slot, block_hash, time = self._wanted
        is_next = (slot, block_hash) == (self.chain.slot, block_head(self.chain.rpc).hash)
        return time if is_next else 0

    def _mine_block(self) -> None:
        """Mine the block of the time that was asked for, or that of the next slot."""
        rpc = self.chain.rpc
        if self.mines_at_once and self._next_time() > block_head(rpc).timestamp:
            rpc.call("evm_mine")
            return
        for _ in range(_MOST_MISSED):
            if self._step():
                return
        raise RefusedError(SERVER, f"the last {_MOST_MISSED} slots had no block: see `keel beacon`")

    def _step(self) -> bool:
        """Let a slot pass; returns whether it has a block."""
        outcome = self.chain.step()
        self._passed(outcome)
        return outcome.root is not None

    def _passed(self, outcome: SlotOutcome) -> None:
        if self.after_slot is not None:
            self.after_slot(outcome)
        if self._is_gone():
            raise AbandonedError
        if self.ends():
            raise RefusedError(SERVER, "the chain is ending")

    def _slots_in(self, seconds: int) -> int:
        return max(-(-seconds // self.chain.config.slot_seconds), 1)

    def _require_slots(self, slots: int, seconds: int) -> None:
        if slots > MOST_SLOTS:
            length = self.chain.config.slot_seconds
            raise RefusedError(
                LIMIT_EXCEEDED,
                f"{seconds} s are {slots} slots of {length} s, and all of them have to pass: at "
                f"most {MOST_SLOTS} ({MOST_SLOTS * length} s) in one call; start the chain with a "
                "longer --slot-time for longer times",
            )


type Performed = Callable[[Steering, str, Sequence[Any]], Any]

METHODS: dict[str, Performed] = {
    "evm_snapshot": Steering.snapshot,
    "anvil_snapshot": Steering.snapshot,
    "evm_revert": Steering.revert,
    "anvil_revert": Steering.revert,
    "evm_increaseTime": Steering.increase_time,
    "anvil_increaseTime": Steering.increase_time,
    "evm_setNextBlockTimestamp": Steering.set_next_time,
    "anvil_setNextBlockTimestamp": Steering.set_next_time,
    "evm_setTime": Steering.set_time,
    "anvil_setTime": Steering.set_time,
    "evm_mine": Steering.mine,
    "anvil_mine": Steering.mine_many,
    "hardhat_mine": Steering.mine_many,
    "keel_status": Steering.status,
    "keel_advance": Steering.advance,
    "keel_until": Steering.until,
}
"""By the name that tools give them."""
