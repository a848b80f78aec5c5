"""A committee of five in which one member lies and one is dead."""

import pytest

from keel.circle.errors import NothingReportedError
from keel.committee.messages import SignedBallot
from keel.committee.peers import Peers
from keel.consensus.api.server import serving
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.members import next_reference_slot
from tests.end_to_end.conftest import Begin
from tests.end_to_end.story import Story
from tests.robustness.faulty import in_front_of
from tests.robustness.lies import richer_chain

_LIE_GWEI = 1_000_000


def test_three_honest_members_suffice_and_two_do_not(
    validating_world: BeaconWorld, begin: Begin
) -> None:
    chain = validating_world.beacon.chain
    ours = next(iter(validating_world.beacon.standings().values())).index
    with serving(chain) as beacon_url, in_front_of(beacon_url, 1) as (node,):
        node.be(richer_chain(chain.spec, ours, _LIE_GWEI))
        changes = {"reporter_5": {"network.beacon": [node.url]}}
        with begin(validating_world, changes=changes) as story:
            honest, (dead, liar) = story.circle.reporters[:3], story.circle.reporters[3:]
            dead.kill()
            reported = story.world.next_report()
            story.circle.settle()
            assert reported.applied
            assert set(reported.signers) == set(story.members[:3])

            lie = _ballot_of(story, story.members[4], reported.report.ref_slot)
            truth_gwei = reported.report.consensus_balance_gwei
            assert lie.report.consensus_balance_gwei == truth_gwei + _LIE_GWEI
            for reporter in honest:
                assert story.members[4] in reporter.health().alarms["disagreement"]
            assert "disagreement" in liar.health().alarms

            honest[2].kill()
            missed = next_reference_slot(story.world)
            with pytest.raises(NothingReportedError):
                story.circle.until_reported(missed, most_slots=2 * story.frame_slots - 4)
            assert len(story.frames.applied) == 1

            dead.restart()
            again = story.circle.until_reported()
            assert set(again.signers) == {story.members[n] for n in (0, 1, 3)}
            story.frames.explained()


def _ballot_of(story: Story, member: str, ref_slot: int) -> SignedBallot:
    """What an honest member heard from another one."""
    with Peers([str(story.circle.reporters[0].service.serving_url)], 5) as peers:
        (heard,) = [ballot for ballot in peers.ballots(ref_slot) if ballot.signer == member]
    return heard
