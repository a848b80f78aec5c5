"""More than a third of the beacon chain's stake goes offline."""

from keel.consensus.beacon.participation import enough_to_stop_finality
from keel.model.constants import GWEI
from keel.model.frames import State
from keel.scenarios.beacon_world import BeaconWorld
from tests.end_to_end.conftest import Begin

_EPOCHS = 10


def test_nobody_reports_what_is_not_final_and_the_next_report_covers_it_all(
    validating_world: BeaconWorld, begin: Begin
) -> None:
    with begin(validating_world) as story:
        chain, vault = story.chain, story.contracts.vault
        before = story.reports(1)[0].report
        offline = enough_to_stop_finality(chain.spec, chain.state)
        chain.participation.go_offline(offline)
        chain.run(2 * int(chain.spec.SLOTS_PER_EPOCH))
        stopped = chain.finalised_epoch
        chain.run_until(lambda chain: chain.epoch == stopped + 2 + _EPOCHS)
        story.circle.settle()
        assert chain.finalised_epoch == stopped
        assert [frame.ref_slot for frame in story.frames.applied] == [before.ref_slot]
        assert story.state is State.STALE
        for reporter in story.circle.reporters:
            health = reporter.health()
            assert health.stage == "finality"
            assert "late_report" in health.alarms

        chain.participation.come_back(offline[-1:])
        reported = story.circle.until_reported(before.ref_slot + 1)
        story.circle.settle()
        covered, rest = divmod(reported.report.ref_slot - before.ref_slot, story.frame_slots)
        assert (covered >= 3, rest, reported.applied) == (True, 0, True)
        held_wei = (
            reported.report.withdrawal_vault_balance_wei + reported.report.rewards_vault_balance_wei
        )
        change_gwei = reported.report.consensus_balance_gwei - before.consensus_balance_gwei
        assert reported.judgement.growthWei - reported.judgement.lossWei == (
            change_gwei * GWEI + held_wei
        )
        assert vault.consensus().lastRefTime == story.world.configuration.geometry.time_of(
            reported.report.ref_slot
        )
        assert [reporter.health().alarms for reporter in story.circle.reporters] == [{}] * 5
        # Ether moved after the reference slot before it, which therefore has no report (STA-5).
        geometry = story.world.configuration.geometry
        moved_in = geometry.newest_reference_slot(reported.receipt.timestamp)
        following = story.circle.until_reported(reported.report.ref_slot + 1)
        assert following.report.ref_slot == moved_in + story.frame_slots
        story.frames.explained()
