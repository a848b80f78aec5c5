"""A member's process dies in the middle of a frame, as in a power cut, and comes back."""

from dataclasses import dataclass
from urllib.request import urlopen

import orjson

from keel.chain.clock import now
from keel.circle.process import Process
from keel.circle.reports import Reported
from keel.scenarios.circle_world import CircleWorld
from keel.scenarios.reporting import next_reference_slot


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
