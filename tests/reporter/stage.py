"""Real reporters around a chain that steps as quickly as they follow."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from keel.circle.process import Process
from keel.committee.ballot import Ballot, sign
from keel.committee.messages import SignedBallot
from keel.committee.timetable import Timetable, posting_order
from keel.deploy.artifacts import Artifacts
from keel.model.report import Report
from keel.reporter.journal import Journal
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.circle_world import CircleWorld, circle_around
from tests.nursery import Rear

type Change = dict[str, object]

CHAIN_ID = 31337

_QUICK: Change = {"committee.peer_timeout_seconds": 0.3}


@contextmanager
def committee(
    world: BeaconWorld,
    folder: Path,
    artifacts: Artifacts,
    rear: Rear,
    *,
    reporters: int = 3,
    change: Change | None = None,
) -> Iterator[CircleWorld]:
    """The first members of five, all with one change of their configuration."""
    wanted = _QUICK | (change or {})
    changes = {f"reporter_{number}": wanted for number in range(1, reporters + 1)}
    with circle_around(
        world,
        folder,
        artifacts,
        reporters=reporters,
        keepers=0,
        changes=changes,
        make_process=rear,
    ) as circled:
        yield circled


def journal_of(reporter: Process) -> Journal:
    """The journal that a running reporter reads anew each time."""
    return Journal(reporter.service.folder / "state")


def timetable(world: BeaconWorld) -> Timetable:
    config = world.configuration
    return Timetable(config.geometry, config.parameters.finality_seconds)


def signed_by(world: BeaconWorld, member: int, report: Report) -> SignedBallot:
    """What a member would sign, number 0 being the first."""
    oracle = world.contracts.oracle
    nonce = oracle.memberSetNonce()
    deadline = timetable(world).deadline(report.ref_slot)
    ballot = Ballot(report, nonce, deadline, CHAIN_ID, oracle.address)
    (signature,) = sign(ballot, [world.members[member]])
    return SignedBallot.of(ballot, signature.signer, signature.signature)


def posters(world: CircleWorld, ref_slot: int) -> list[Process]:
    """The reporters that run, the one whose turn it is first."""
    members = [member.address for member in world.members]
    order = posting_order(members, ref_slot, world.configuration.geometry.frame_slots)
    by_account = {process.health().account: process for process in world.circle.reporters}
    return [by_account[member] for member in order if member in by_account]


def metric(reporter: Process, name: str) -> float:
    """One figure of /metrics, by its whole name with labels."""
    url = reporter.service.health_url.replace("/health", "/metrics")
    lines = httpx.get(url, timeout=5, trust_env=False).text.splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[-1])
