"""Slots without blocks, the reference slot among them, and epochs without any."""

from tests.robustness.stage import Stage, same_numbers


def test_a_report_is_applied_to_the_wei_when_its_slot_is_final(stage: Stage) -> None:
    with stage.committee() as committee:
        committee.settle()
        assert committee.last_ref_slot() < stage.ref_slot
        reported = committee.until_applied(stage.ref_slot)
        assert same_numbers(reported.report, stage.seen())
        assert reported.report.active_validators == 6
        assert len(committee.reports()) == 1
