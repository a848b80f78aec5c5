"""What members serve to each other, asked from outside, and what they wrote before signing."""

import orjson

from keel.circle.process import Process
from keel.committee.messages import ReportMessage, SignedBallot
from keel.committee.peers import Peers
from keel.model.report import Report

_SECONDS = 2.0


def ballots_of(reporter: Process, ref_slot: int) -> list[SignedBallot]:
    """All ballots of a slot that a reporter serves, none from one that does not answer."""
    with Peers([_address(reporter)], _SECONDS) as peers:
        return peers.ballots(ref_slot)


def hand_in(reporter: Process, ballots: list[SignedBallot]) -> str | None:
    """Give ballots to a reporter as a peer does; returns what it has against them."""
    with Peers([_address(reporter)], _SECONDS) as peers:
        peers.offer(ballots)
        return peers.problems.get(_address(reporter))


def journalled(reporter: Process, ref_slot: int) -> list[Report]:
    """What a reporter wrote down before it signed for a slot."""
    folder = reporter.service.folder / "state" / "signed"
    found = [orjson.loads(path.read_bytes()) for path in folder.glob(f"{ref_slot}-*.json")]
    return [ReportMessage.model_validate(intent["report"]).report for intent in found]


def _address(reporter: Process) -> str:
    return str(reporter.service.serving_url)
