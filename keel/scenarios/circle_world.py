"""The stage with real reporters and keepers: a scenario plays only the people."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import orjson

from keel.chain.clock import now
from keel.chain.state import set_balance_wei
from keel.circle.cast import Changes, Surroundings, write_cast
from keel.circle.circle import Circle
from keel.circle.process import Process, Service
from keel.circle.reports import Reported
from keel.consensus.api.server import serving
from keel.consensus.beacon.outcome import SlotOutcome
from keel.deploy.artifacts import Artifacts
from keel.deploy.manifest import write_manifest
from keel.model.constants import ETHER
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.identity import last_ref_time
from keel.scenarios.members import next_reference_slot, operator_totals

POLL_SECONDS = 0.5
"""Between the slots for which the circle asks them to look at once."""

_STRANGERS_WEI = 1_000 * ETHER


@dataclass
class CircleWorld(BeaconWorld):
    """A BeaconWorld whose committee and keepers are the processes of a Circle."""

    circle: Circle = field(kw_only=True)

    def next_report(self) -> Reported:
        """Let slots pass until the reporters have reported the next reference slot."""
        return self.circle.until_reported()


@contextmanager
def circle_around(
    world: BeaconWorld,
    folder: Path,
    artifacts: Artifacts,
    *,
    reporters: int = 5,
    keepers: int = 1,
    changes: Changes | None = None,
    manifest_path: Path | None = None,
    make_process: Callable[[Service], Process] = Process,
) -> Iterator[CircleWorld]:
    """Serve the chain and start the processes, which keep their data and logs in the folder.

    The manifest goes there too, or to `manifest_path`. The processes know the rewards of operators
    that the world's own reports have divided.
    Raises CircleError when one does not start. They end with the block inside.
    """
    chain = world.beacon.chain
    manifest_path = folder / "manifest.json" if manifest_path is None else manifest_path
    write_manifest(world.manifest, manifest_path, artifacts)
    with serving(chain) as beacon_url:
        around = Surroundings(chain.rpc.url, beacon_url, manifest_path, POLL_SECONDS)
        leaves = operator_totals(world, world.reward_leaves, last_ref_time(world))
        cast = write_cast(
            folder, around, reporters=reporters, keepers=keepers, changes=changes, leaves=leaves
        )
        for address in cast.strangers:
            set_balance_wei(world.rpc, address, _STRANGERS_WEI)
        circle = Circle(
            chain,
            world.contracts,
            world.manifest,
            [make_process(service) for service in cast.reporters],
            [make_process(service) for service in cast.keepers],
        )
        with circle.running():
            yield _with_circle(world, circle)


def _with_circle(world: BeaconWorld, circle: Circle) -> CircleWorld:
    chain = world.beacon.chain

    def follow_each_epoch(outcome: SlotOutcome) -> None:
        if outcome.slot % int(chain.spec.SLOTS_PER_EPOCH) == 0:
            world.beacon.follow()

    circle.watchers.append(follow_each_epoch)
    return CircleWorld(
        contracts=world.contracts,
        configuration=world.configuration,
        actors=world.actors,
        members=world.members,
        first_block=world.first_block,
        beacon=world.beacon,
        manifest=world.manifest,
        circle=circle,
    )


@dataclass(frozen=True, slots=True)
class Killed:
    """Whose process was killed, in which slot, and the report that came without it."""

    name: str
    pid: int
    slot: int
    reported: Reported


def kill_in_mid_frame(world: CircleWorld, process: Process) -> Killed:
    """Kill a reporter half-way between two reference slots; the others report the next one."""
    geometry = world.configuration.geometry
    middle = next_reference_slot(world) - geometry.frame_slots // 2
    world.beacon.go_to(max(now(world.rpc), geometry.time_of(middle)))
    pid = process.pid
    if pid is None:
        raise ValueError(f"{process.name} was never started")
    process.kill()
    slot = world.beacon.chain.slot
    return Killed(process.name, pid, slot, world.next_report())


def has_signed(process: Process, member: str, ref_slot: int) -> bool:
    """Ask a reporter, as other members do, whether it has the ballot of a member."""
    with urlopen(f"{process.service.serving_url}/v1/ballots/{ref_slot}") as answer:  # noqa: S310 (our own http address)
        ballots = orjson.loads(answer.read())["ballots"]
    return any(ballot["signer"] == member for ballot in ballots)
