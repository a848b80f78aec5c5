"""Reports beyond a limit: an alarm, the announcement, and a newer report with two thirds."""

from keel.chain.state import balance_wei, set_balance_wei
from keel.model.constants import ETHER
from tests.robustness.stage import Stage, await_alarm, await_no_alarm, same_numbers, start

GIFT_ETHER = 100
MODEST_GIFT_WEI = ETHER // 1000


def test_growth_beyond_the_bound_is_announced_and_applied_a_frame_later_with_two_thirds(
    stage: Stage,
) -> None:
    ref_slot = stage.ref_slot + stage.frame_slots
    newer = ref_slot + stage.frame_slots
    with stage.committee(4, started=False) as committee:
        first_three, fourth = committee.reporters[:3], committee.reporters[3]
        start(first_three)
        committee.until_applied(stage.ref_slot)
        _give(stage, GIFT_ETHER * ETHER)
        stage.chain.to_slot(ref_slot + 15)
        committee.until(lambda: len(committee.reports()) == 2, "the announcement")
        announced = committee.reports()[1]
        assert (announced.report.ref_slot, announced.applied) == (ref_slot, False)
        assert same_numbers(announced.report, stage.seen(ref_slot))
        for reporter in first_three:
            await_alarm(reporter, "beyond_limit", holding=f"slot {ref_slot}: growth of ")
            text = await_alarm(reporter, "loss_announced")
            assert "applies with 4 of 5 signatures" in text
        stage.chain.to_slot(newer + 16)
        committee.step(4)
        assert len(committee.reports()) == 2, "three are a quorum, and not two thirds"
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
        _give(stage, MODEST_GIFT_WEI)
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
        _give(stage, GIFT_ETHER * ETHER)
        stage.chain.to_slot(ref_slot + 15)
        committee.until(lambda: len(committee.reports()) == 2, "the announcement")
        announced = committee.reports()[1]
        assert not announced.applied
        assert set(announced.signers) == {committee.member(number) for number in (2, 3, 4)}
        await_alarm(committee.reporters[0], "beyond_limit")


def _give(stage: Stage, amount_wei: int) -> None:
    """Ether that nobody expected, in WithdrawalVault."""
    rpc, vault = stage.world.rpc, stage.world.contracts.withdrawal_vault.address
    set_balance_wei(rpc, vault, balance_wei(rpc, vault) + amount_wei)
