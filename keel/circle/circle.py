"""A beacon chain that steps as quickly as the processes around it follow."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count, dropwhile

from keel.chain.state import block_head
from keel.circle.errors import CircleError, LaggingError, NothingReportedError, ProcessError
from keel.circle.process import Process, end_all
from keel.circle.reports import Reported, reports_between
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.outcome import SlotOutcome
from keel.deploy.bindings import Bindings
from keel.deploy.manifest import Manifest

_LOOK_SECONDS = 0.01
_MOST_LOOK_SECONDS = 0.04
_LOOKS_EACH_ASK = 4
"""A process whose step failed looks again only when it is asked again, or at its next poll."""

_SETTLE_SECONDS = 60.0
_MOST_FRAMES = 4


class Circle:
    """Reporters and keepers that run with a chain in this process.

    They are asked to look and waited for whenever a report is due, and otherwise once an epoch.
    Keepers are asked to look at every slot. `watchers` hear of every slot before that.
    """

    def __init__(
        self,
        chain: BeaconChain,
        contracts: Bindings,
        manifest: Manifest,
        reporters: Sequence[Process],
        keepers: Sequence[Process] = (),
    ) -> None:
        self.chain = chain
        self.contracts = contracts
        self.manifest = manifest
        self.reporters = tuple(reporters)
        self.keepers = tuple(keepers)
        self.watchers: list[Callable[[SlotOutcome], None]] = []

    @property
    def processes(self) -> tuple[Process, ...]:
        """Reporters and keepers."""
        return self.reporters + self.keepers

    @contextmanager
    def running(self) -> Iterator["Circle"]:
        """Start all and wait until they have seen the chain; end them at the end."""
        with ExitStack() as stack:
            stack.callback(end_all, self.processes)
            for process in self.processes:
                process.start()
            for process in self.processes:
                process.await_ready()
            self.settle()
            self.chain.watchers.append(self.passed)
            stack.callback(self.chain.watchers.remove, self.passed)
            yield self

    def settle(self, timeout_seconds: float = _SETTLE_SECONDS) -> None:
        """Wait until all that run and are not stopped are done with the chain's head.

        Raises LaggingError, and ProcessError for one that ended by itself; one that was killed is
        not waited for.
        """
        head = self._head_slot()
        waiting = [each for each in self.processes if each.is_expected and not each.is_stopped]
        deadline = time.monotonic() + timeout_seconds
        pause = _LOOK_SECONDS
        for looks in count():
            is_late = time.monotonic() > deadline
            waiting = _from_first_behind(waiting, head)
            if is_late:
                waiting = [process for process in waiting if not _has_seen(process, head)]
            if not waiting:
                return
            if is_late:
                raise LaggingError(
                    f"slot {head} was not processed in {timeout_seconds:.0f} s by "
                    + "; ".join(map(_how_it_is, waiting))
                )
            if looks % _LOOKS_EACH_ASK == 0:
                for process in waiting:
                    process.ask_to_look()
            time.sleep(pause)
            pause = min(2 * pause, _MOST_LOOK_SECONDS)

    def advance(self, slots: int, *, settle_each: bool = False) -> None:
        """Let slots pass; with `settle_each` everybody sees each of them."""
        for _ in range(slots):
            self.chain.step()
            if settle_each:
                self.settle()

    def passed(self, outcome: SlotOutcome) -> None:
        """Give the processes the time they need after a slot."""
        for watcher in self.watchers:
            watcher(outcome)
        is_epoch = self.chain.slot % int(self.chain.spec.SLOTS_PER_EPOCH) == 0
        if is_epoch or self.due_ref_slot() is not None:
            self.settle()
        else:
            for keeper in self.keepers:
                keeper.ask_to_look()

    def due_ref_slot(self) -> int | None:
        """Newest reference slot that may be reported, None when it was applied."""
        geometry, chain = self.manifest.configuration.geometry, self.chain
        final_slot = chain.finalised_epoch * int(chain.spec.SLOTS_PER_EPOCH)
        ref_slot = final_slot // geometry.frame_slots * geometry.frame_slots - 1
        if ref_slot < 0:
            return None
        ref_time = geometry.time_of(ref_slot)
        old_enough = ref_time + self.manifest.configuration.parameters.finality_seconds
        if chain.time_at(chain.slot) < old_enough:
            return None
        return ref_slot if ref_time > self.contracts.vault.consensus().lastRefTime else None

    def until(self, reached: Callable[[], bool], what: str, most_slots: int | None = None) -> int:
        """Let slots pass, each seen by everybody, until it is so; returns how many it took.

        Raises CircleError after `most_slots`, by default four frames.
        """
        most = self._most(most_slots)
        for slots in range(most + 1):
            self.settle()
            if reached():
                return slots
            if slots < most:
                self.chain.step()
        raise CircleError(f"{what} did not happen within {most} slots")

    def until_reported(
        self, ref_slot: int | None = None, most_slots: int | None = None
    ) -> Reported:
        """Let slots pass until the next reference slot, or that given, is reported.

        A report that is announced only counts too. Raises NothingReportedError after `most_slots`,
        by default four frames, and says how the reporters are.
        """
        wanted = self.next_ref_slot() if ref_slot is None else ref_slot
        most = self._most(most_slots)
        first_block = block_head(self.contracts.rpc).number
        for _ in range(most):
            self.chain.step()
            last_block = block_head(self.contracts.rpc).number
            if last_block < first_block:
                continue  # the slot was missed
            for reported in reports_between(self.contracts, first_block, last_block):
                if reported.report.ref_slot >= wanted:
                    return reported
            first_block = last_block + 1
        raise NothingReportedError(
            f"nobody reported slot {wanted} within {most} slots: "
            + "; ".join(map(_how_it_is, self.reporters))
        )

    def next_ref_slot(self) -> int:
        """Return the first reference slot ahead."""
        geometry, chain = self.manifest.configuration.geometry, self.chain
        newest = geometry.newest_reference_slot(chain.time_at(chain.slot))
        return newest + geometry.frame_slots

    def _most(self, slots: int | None) -> int:
        geometry = self.manifest.configuration.geometry
        return _MOST_FRAMES * geometry.frame_slots if slots is None else slots

    def _head_slot(self) -> int:
        """Slot of the latest block: nodes do not report missed slots after it."""
        block = self.chain.head_block
        return 0 if block is None else int(block.message.slot)


def _from_first_behind(processes: Sequence[Process], head: int) -> list[Process]:
    """Leave out those before the first that is not done: to ask how they are costs them time."""
    for process in processes:
        if not process.is_running:
            ended = f"{process.name} ended with code {process.exit_code}"
            raise ProcessError(f"{ended}: {process.tail()}")
    return list(dropwhile(lambda process: _has_seen(process, head), processes))


def _has_seen(process: Process, head: int) -> bool:
    try:
        seen = process.health().head_slot
    except ProcessError:
        return False
    return seen is not None and seen >= head


def _how_it_is(process: Process) -> str:
    if not process.is_running:
        return f"{process.name} (ended with code {process.exit_code})"
    if process.is_stopped:
        return f"{process.name} (stopped)"
    try:
        health = process.health()
    except ProcessError as error:
        return str(error)
    alarms = "".join(f", {name}: {text}" for name, text in health.alarms.items())
    return f"{process.name} (slot {health.head_slot}, {health.stage or 'no stage'}{alarms})"
