"""What a branch that vanished has shown is neither reported nor remembered."""

from keel.chain.state import balance_wei, block_head, set_balance_wei
from keel.consensus.beacon.branches import restore_branch, take_branch
from keel.consensus.beacon.participation import enough_to_stop_finality
from keel.model.constants import ETHER
from tests.robustness.stage import Stage, events_of, same_numbers


def test_the_final_branch_alone_is_reported(stage: Stage) -> None:
    """Without finality a slot is old enough on a branch in which there is more ether."""
    chain, vault = stage.chain, stage.world.contracts.withdrawal_vault.address
    ref_slot = stage.ref_slot + stage.frame_slots
    with stage.committee() as committee:
        committee.until_applied(stage.ref_slot)
        chain.to_slot(ref_slot - 3)
        fork = take_branch(chain)
        set_balance_wei(stage.world.rpc, vault, balance_wei(stage.world.rpc, vault) + ETHER)
        chain.participation.go_offline(enough_to_stop_finality(chain.spec, chain.state))
        chain.to_slot(ref_slot + 16)
        committee.step(3)
        assert [health.stage for health in committee.health()] == ["finality"] * 3
        vanished = block_head(stage.world.rpc).hash
        richer = stage.seen(ref_slot).withdrawal_vault_balance_wei
        restore_branch(chain, fork)
        chain.participation.miss([ref_slot - 1])
        reported = committee.until_applied(ref_slot, most_slots=36)
        seen = stage.seen(ref_slot)
        assert same_numbers(reported.report, seen)
        assert reported.report.withdrawal_vault_balance_wei < richer - ETHER // 2
        assert [r.report.ref_slot for r in committee.reports()] == [stage.ref_slot, ref_slot]
        assert all(each.health().alarms == {} for each in committee.reporters)
        rpc = stage.world.rpc
        hashes = [block_head(rpc, number).hash for number in range(block_head(rpc).number)]
        assert vanished not in hashes


def test_a_report_that_a_reorg_took_back_is_posted_again(stage: Stage) -> None:
    with stage.committee() as committee:
        committee.settle()
        fork = take_branch(stage.chain)
        first = committee.until_applied(stage.ref_slot)
        restore_branch(stage.chain, fork)
        assert committee.last_ref_slot() < stage.ref_slot
        again = committee.until_applied(stage.ref_slot)
        assert again.report == first.report
        assert same_numbers(again.report, stage.seen())
        for reporter in committee.reporters:
            assert len(events_of(reporter, "report.signed")) == 1
            assert reporter.health().alarms == {}
