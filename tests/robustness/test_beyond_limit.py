"""Reports beyond a limit: an alarm, the announcement, and a newer report with two thirds."""

from keel.consensus.beacon.requests import top_up
from keel.model.constants import ETHER, GWEI
from tests.robustness.stage import Stage, await_alarm, await_no_alarm, same_numbers, start

LARGE_GWEI = 20 * ETHER // GWEI
MODEST_GWEI = 2 * ETHER // GWEI
"""The bound is 5 % of 240 ETH."""


def test_growth_beyond_the_bound_is_announced_and_applied_a_frame_later_with_two_thirds(
    stage: Stage,
) -> None:
    ref_slot = stage.ref_slot + stage.frame_slots
    newer = ref_slot + stage.frame_slots
    with stage.committee(4, started=False) as committee:
        first_three, fourth = committee.reporters[:3], committee.reporters[3]
        start(first_three)
        committee.until_applied(stage.ref_slot)
        _top_up_before(stage, ref_slot, LARGE_GWEI)
        stage.chain.to_slot(ref_slot + 15)
        committee.until(lambda: len(committee.reports()) == 2, "the announcement")
        announced = committee.reports()[1]
        assert (announced.report.ref_slot, announced.applied) == (ref_slot, False)
        assert same_numbers(announced.report, stage.seen(ref_slot))
        for reporter in first_three:
            await_alarm(reporter, "beyond_limit", holding=f"slot {ref_slot}: growth of ")
            text = await_alarm(reporter, "loss_announced")
            assert "applies with 4 of 5 signatures" in text
        _top_up_before(stage, newer, LARGE_GWEI)
        stage.chain.to_slot(newer + 16)
        committee.step(4)
        assert len(committee.reports()) == 2, "three are a quorum, and not two thirds"
        for health in committee.health_of(*first_three):
            assert health.stage == "gathering"
            assert health.alarms.keys() == {"beyond_limit", "loss_announced"}
        start([fourth])
        reported = committee.until_applied(newer)
        assert (reported.applied, reported.signatures) == (True, 4)
        assert same_numbers(reported.report, stage.seen(newer))
        committee.step(1)
        for reporter in first_three:
            await_no_alarm(reporter, "loss_announced")


def test_growth_within_the_bound_is_applied_at_once(stage: Stage) -> None:
    ref_slot = stage.ref_slot + stage.frame_slots
    with stage.committee(3) as committee:
        committee.until_applied(stage.ref_slot)
        _top_up_before(stage, ref_slot, MODEST_GWEI)
        stage.chain.to_slot(ref_slot + 15)
        reported = committee.until_applied(ref_slot)
        assert same_numbers(reported.report, stage.seen(ref_slot))
        assert reported.applied
        assert all(health.alarms == {} for health in committee.health())


def test_a_member_that_wants_a_person_to_decide_signs_nothing_beyond_the_limit(
    stage: Stage,
) -> None:
    ref_slot = stage.ref_slot + stage.frame_slots
    own = {1: {"committee.hold_beyond_limit": True}}
    with stage.committee(4, own=own) as committee:
        committee.until_applied(stage.ref_slot)
        _top_up_before(stage, ref_slot, LARGE_GWEI)
        stage.chain.to_slot(ref_slot + 15)
        committee.until(lambda: len(committee.reports()) == 2, "the announcement")
        announced = committee.reports()[1]
        assert not announced.applied
        assert set(announced.signers) == {committee.member(number) for number in (2, 3, 4)}
        await_alarm(committee.reporters[0], "beyond_limit")


def _top_up_before(stage: Stage, ref_slot: int, amount_gwei: int) -> None:
    """Have a stranger deposit for a validator of ours just before a reference slot.

    Until the consensus layer sweeps it, it is growth that cannot wait.
    """
    stage.chain.to_slot(ref_slot - 1)
    top_up(stage.chain, stage.one_of_ours, amount_gwei, stage.world.actors["stranger"])
