"""Losses beyond the bucket: an alarm, the announcement, and a newer report of one member more.

All members look through one beacon node, which takes ether from one of our validators.
"""

from collections.abc import Iterator

import pytest

from keel.model.constants import ETHER, GWEI
from tests.robustness import lies
from tests.robustness.faulty import FaultyNode, in_front_of
from tests.robustness.stage import Settings, Stage, await_alarm, await_no_alarm, start

LARGE_GWEI = 20 * ETHER // GWEI
MODEST_GWEI = ETHER // 2 // GWEI
"""The bucket holds 0.25 % of 240 ETH."""


@pytest.fixture
def node(stage: Stage) -> Iterator[FaultyNode]:
    """The only beacon node of everybody; honest until it is told to be another."""
    with in_front_of(stage.beacon_url, 1) as (node,):
        yield node


def _through(node: FaultyNode) -> Settings:
    return {"network.beacon": [node.url]}


def _take(stage: Stage, node: FaultyNode, amount_gwei: int) -> None:
    node.be(lies.richer_chain(stage.chain.spec, stage.one_of_ours, -amount_gwei))


def test_a_loss_beyond_the_bucket_is_announced_and_applied_a_frame_later_by_one_member_more(
    stage: Stage, node: FaultyNode
) -> None:
    ref_slot = stage.ref_slot + stage.frame_slots
    newer = ref_slot + stage.frame_slots
    with stage.committee(4, _through(node), started=False) as committee:
        first_three, fourth = committee.reporters[:3], committee.reporters[3]
        start(first_three)
        committee.until_applied(stage.ref_slot)
        _take(stage, node, LARGE_GWEI)
        stage.chain.to_slot(ref_slot + 15)
        committee.until(lambda: len(committee.reports()) == 2, "the announcement")
        announced = committee.reports()[1]
        assert (announced.report.ref_slot, announced.applied) == (ref_slot, False)
        lost_gwei = (
            stage.seen(ref_slot).consensus_balance_gwei - announced.report.consensus_balance_gwei
        )
        assert lost_gwei == LARGE_GWEI
        for reporter in first_three:
            await_alarm(reporter, "beyond_limit", holding=f"slot {ref_slot}: a loss of ")
            text = await_alarm(reporter, "loss_announced")
            assert "applies with 4 of 5 signatures" in text
        stage.chain.to_slot(newer + 16)
        committee.step(4)
        assert len(committee.reports()) == 2, "three are a quorum, and not one more"
        for health in committee.health_of(*first_three):
            assert health.stage == "gathering"
            assert health.alarms.keys() == {"beyond_limit", "loss_announced"}
        start([fourth])
        reported = committee.until_applied(newer)
        assert (reported.applied, reported.signatures) == (True, 4)
        committee.step(1)
        for reporter in first_three:
            await_no_alarm(reporter, "loss_announced")


def test_a_loss_within_the_bucket_is_applied_at_once(stage: Stage, node: FaultyNode) -> None:
    ref_slot = stage.ref_slot + stage.frame_slots
    with stage.committee(3, _through(node)) as committee:
        committee.until_applied(stage.ref_slot)
        _take(stage, node, MODEST_GWEI)
        stage.chain.to_slot(ref_slot + 15)
        reported = committee.until_applied(ref_slot)
        assert reported.applied
        assert reported.judgement.lossWei > 0
        assert all(health.alarms == {} for health in committee.health())


def test_a_member_that_wants_a_person_to_decide_signs_no_loss_beyond_the_bucket(
    stage: Stage, node: FaultyNode
) -> None:
    ref_slot = stage.ref_slot + stage.frame_slots
    own = {1: {"committee.hold_beyond_limit": True}}
    with stage.committee(4, _through(node), own) as committee:
        committee.until_applied(stage.ref_slot)
        _take(stage, node, LARGE_GWEI)
        stage.chain.to_slot(ref_slot + 15)
        committee.until(lambda: len(committee.reports()) == 2, "the announcement")
        announced = committee.reports()[1]
        assert not announced.applied
        assert set(announced.signers) == {committee.member(number) for number in (2, 3, 4)}
        await_alarm(committee.reporters[0], "beyond_limit")
