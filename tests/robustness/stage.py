"""Keel on a beacon chain just before a reference slot is final, and real reporters for it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from keel.chain.state import block_head
from keel.circle.cast import Surroundings, write_cast
from keel.circle.circle import Circle
from keel.circle.errors import CircleError
from keel.circle.process import Health, Process, end_all
from keel.circle.reports import Reported, reports_between
from keel.consensus.beacon.chain import BeaconChain
from keel.deploy.actors import ORACLE_MEMBERS
from keel.deploy.bindings import Bindings
from keel.model.commitment import OperatorTotals
from keel.model.report import Report
from keel.reporter.journal import Journal
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.members import look
from tests.nursery import Nursery, Reared

POLL_SECONDS = 0.1
NODE_TIMEOUT = 20.0
"""Seconds for a node's answer, which an honest one never needs, however busy the machine is."""

SHORT_NODE_TIMEOUT = 1.0
"""For faults that only time tells: honest nodes take some milliseconds on an idle machine."""

_LOOK_SECONDS = 0.02
_WAIT_SECONDS = 20.0
_SLOT_SECONDS = 0.5

type Settings = Mapping[str, Any]
"""What replaces keys of a configuration; a dot leads into a table."""


def await_that(
    reached: Callable[[], bool], what: str | Callable[[], str], seconds: float = _WAIT_SECONDS
) -> None:
    """Wait until it is so; fails with what was waited for."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            said = what if isinstance(what, str) else what()
            raise AssertionError(f"not within {seconds:.0f} s: {said}")
        time.sleep(_LOOK_SECONDS)


def alarm_of(process: Process, name: str) -> str | None:
    """Text of an alarm that stands."""
    return process.health().alarms.get(name)


def await_alarm(process: Process, name: str, *, holding: str = "") -> str:
    """Wait for an alarm whose text holds something; returns the text."""

    def stands() -> bool:
        text = alarm_of(process, name)
        return text is not None and holding in text

    def how_it_is() -> str:
        return f"alarm {name} with {holding!r} at {process.name}, which has {process.health()}"

    await_that(stands, how_it_is)
    return alarm_of(process, name) or ""


def await_no_alarm(process: Process, name: str) -> None:
    """Wait until an alarm is over."""
    await_that(lambda: alarm_of(process, name) is None, f"the end of {name} at {process.name}")


def events_of(process: Process, event: str) -> list[dict[str, Any]]:
    """Lines of a kind in a reporter's log, over all of its lives."""
    lines = process.service.log_path.read_bytes().splitlines()
    found = [orjson.loads(line) for line in lines if line.startswith(b"{") and line.endswith(b"}")]
    return [line for line in found if line["event"] == event]


def nodes_named(*processes: Process) -> set[str]:
    """Nodes of which these reporters told that they disagree, as host and port."""
    told = (event for process in processes for event in events_of(process, "node.disagrees"))
    return {str(event["node"]).removeprefix("http://") for event in told}


@dataclass
class Committee:
    """Some of the five members, as processes beside the chain."""

    world: BeaconWorld
    circle: Circle
    first_block: int

    @property
    def reporters(self) -> tuple[Process, ...]:
        """In the order of the members' names."""
        return self.circle.reporters

    @property
    def contracts(self) -> Bindings:
        """Keel's contracts, on Anvil itself."""
        return self.circle.contracts

    @property
    def chain(self) -> BeaconChain:
        """The beacon chain."""
        return self.circle.chain

    def health(self) -> list[Health]:
        """How they are."""
        return self.health_of(*self.reporters)

    def health_of(self, *reporters: Process) -> list[Health]:
        """How some of them are."""
        return [reporter.health() for reporter in reporters]

    def member(self, number: int) -> str:
        """Account of a reporter, counted from 1."""
        return self.world.actors[ORACLE_MEMBERS[number - 1]]

    def last_ref_slot(self) -> int:
        """Slot of the last applied report."""
        return self.contracts.oracle.lastReport().refSlot

    def reports(self) -> list[Reported]:
        """All reports that were applied or announced since the committee began."""
        last = block_head(self.contracts.rpc).number
        return reports_between(self.contracts, self.first_block + 1, last)

    def settle(self) -> None:
        """Wait until everybody is done with the head."""
        self.circle.settle(_WAIT_SECONDS)

    def step(self, slots: int = 1) -> None:
        """Let slots pass, each seen by everybody."""
        self.circle.advance(slots, settle_each=True)

    def until(self, reached: Callable[[], bool], what: str, most_slots: int = 40) -> int:
        """Let slots pass, each seen by everybody, until it is so."""
        try:
            return self.circle.until(reached, what, most_slots)
        except CircleError as error:
            states = "; ".join(f"{each.name} {_how(each)}" for each in self.reporters)
            raise AssertionError(f"{error}: {states}") from error

    def until_applied(self, ref_slot: int, most_slots: int = 20) -> Reported:
        """Let slots pass until a slot's report is applied, by the one that is returned."""
        self.until(lambda: self.last_ref_slot() == ref_slot, f"slot {ref_slot}", most_slots)
        return next(each for each in self.reports() if each.report.ref_slot == ref_slot)

    def until_applied_at_leisure(self, ref_slot: int, most_slots: int = 24) -> None:
        """As `until_applied`, at a pace at which nobody is waited for by name."""
        for _ in range(most_slots):
            deadline = time.monotonic() + _SLOT_SECONDS
            while time.monotonic() < deadline:
                if self.last_ref_slot() == ref_slot:
                    return
                time.sleep(_LOOK_SECONDS)
            self.chain.step()
        states = "; ".join(f"{each.name} {_how(each)}" for each in self.reporters)
        raise AssertionError(f"slot {ref_slot} is not reported after {most_slots} slots: {states}")

    def await_event(self, reporter: Process, event: str) -> dict[str, Any]:
        """Wait for a line of a kind in a reporter's log and return the last."""
        await_that(lambda: bool(events_of(reporter, event)), f"{event} of {reporter.name}")
        return events_of(reporter, event)[-1]


@dataclass
class Stage:
    """The chain is a slot before `ref_slot` becomes final and can be reported."""

    world: BeaconWorld
    ref_slot: int
    leaves: Sequence[Sequence[OperatorTotals]]
    folder: Path
    manifest: Path
    beacon_url: str
    nursery: Nursery
    _committees: list[Committee] = field(default_factory=list)

    @property
    def chain(self) -> BeaconChain:
        """The beacon chain."""
        return self.world.beacon.chain

    @property
    def frame_slots(self) -> int:
        """Slots from one reference slot to the next."""
        return self.world.configuration.geometry.frame_slots

    @property
    def execution_url(self) -> str:
        """Anvil."""
        return self.chain.rpc.url

    @property
    def one_of_ours(self) -> int:
        """Index of a validator of Keel's."""
        self.world.beacon.follow()
        return next(iter(self.world.beacon.standings().values())).index

    def seen(self, ref_slot: int | None = None) -> Report:
        """What the state and the contracts show of a slot, read by the specification itself.

        Its `operators_root` divides nothing by duties done. Where nobody did any, nothing of the
        profit is the operators' (COM-2).
        """
        self.world.beacon.follow()
        slot = self.ref_slot if ref_slot is None else ref_slot
        seen, _ = look(self.world, slot)
        duties = self.chain.store.state_at(slot).previous_epoch_participation
        balances = self.world.beacon.balances(self.world.configuration.geometry.time_of(slot))
        is_idle = not any(int(duties[each.index]) for each in balances)
        return replace(seen, operators_bps=0) if is_idle else seen

    @contextmanager
    def committee(
        self,
        reporters: int = 3,
        common: Settings | None = None,
        own: Mapping[int, Settings] | None = None,
        *,
        started: bool = True,
        more_peers: Sequence[str] = (),
    ) -> Iterator[Committee]:
        """Members with new folders; `common` changes all configurations, `own` some, from 1.

        `more_peers` are peers of everybody beside these.
        """
        folder = self.folder / f"committee_{len(self._committees)}"
        around = Surroundings(self.execution_url, self.beacon_url, self.manifest, POLL_SECONDS)
        changes = {
            f"reporter_{number}": {
                "network.timeout_seconds": NODE_TIMEOUT,
                **(common or {}),
                **(own or {}).get(number, {}),
            }
            for number in range(1, reporters + 1)
        }
        cast = write_cast(folder, around, reporters=reporters, keepers=0, changes=changes)
        for service in cast.reporters:
            for leaves in self.leaves:
                Journal(service.folder / "state").keep_leaves(leaves)
            _add_peers(service.folder / "config.toml", more_peers)
        processes = [Reared(service, self.nursery) for service in cast.reporters]
        circle = Circle(self.chain, self.world.contracts, self.world.manifest, processes)
        committee = Committee(self.world, circle, block_head(self.world.rpc).number)
        self._committees.append(committee)
        with ExitStack() as stack:
            stack.callback(end_all, processes)
            if started:
                start(processes)
            yield committee


def start(processes: Sequence[Process]) -> None:
    """Start these at once and wait until they answer."""
    for process in processes:
        process.start()
    for process in processes:
        process.await_ready()


def _how(process: Process) -> str:
    try:
        health = process.health()
    except CircleError as error:
        return str(error)
    return f"at slot {health.head_slot}, {health.stage} {health.ref_slot}, {health.alarms}"


def _add_peers(configuration: Path, peers: Sequence[str]) -> None:
    first = "".join(f'"{url}", ' for url in peers)
    text = configuration.read_text()
    configuration.write_text(text.replace("\npeers = [", f"\npeers = [{first}"))


def same_numbers(report: Report, seen: Report) -> bool:
    """Whether two readings agree to the wei, but for how rewards are divided."""
    names = [name for name in vars(report) if name != "operators_root"]
    return all(getattr(report, name) == getattr(seen, name) for name in names)
