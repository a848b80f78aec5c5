"""Slots without blocks, the reference slot among them, and whole epochs without any."""

import pytest

from keel.consensus.beacon.participation import enough_to_stop_finality
from tests.robustness.stage import Stage, same_numbers

EPOCH = 8


def test_a_report_is_applied_to_the_wei_when_its_slot_is_final(stage: Stage) -> None:
    with stage.committee() as committee:
        committee.settle()
        assert [each.health().stage for each in committee.reporters] == ["finality"] * 3
        reported = committee.until_applied(stage.ref_slot)
        assert same_numbers(reported.report, stage.seen())
        assert reported.report.active_validators == 6
        assert len(committee.reports()) == 1


@pytest.mark.parametrize(
    "missed",
    [range(1), range(-2, 2), range(-EPOCH + 1, 1), range(-2 * EPOCH + 1, 1)],
    ids=["reference slot", "four slots around it", "epoch before it", "two epochs before it"],
)
def test_a_reference_slot_without_block_is_reported_all_the_same(
    stage: Stage, missed: range
) -> None:
    chain = stage.chain
    ref_slot = stage.ref_slot + stage.frame_slots
    chain.participation.miss(ref_slot + slot for slot in missed)
    chain.to_slot(ref_slot + 1)
    state = chain.store.state_at(ref_slot)
    assert chain.store.block_at(ref_slot) is None
    assert int(state.slot) == ref_slot
    assert int(state.latest_block_header.slot) == ref_slot + missed.start - 1
    # Nobody may report the slot before so late: what a report moves, the next one must not precede.
    chain.to_slot(ref_slot + 2 * EPOCH)
    with stage.committee() as committee:
        reported = committee.until_applied(ref_slot)
        assert same_numbers(reported.report, stage.seen(ref_slot))
        assert all(each.health().alarms == {} for each in committee.reporters)


def test_a_slot_that_becomes_final_too_late_gives_way_to_the_next(stage: Stage) -> None:
    """Only the newest reference slot counts (REP-1), and none is reported before it is final."""
    chain = stage.chain
    first = stage.ref_slot + stage.frame_slots
    second = first + stage.frame_slots
    chain.to_slot(first - 1)
    chain.participation.go_offline(enough_to_stop_finality(chain.spec, chain.state))
    chain.to_slot(second)
    chain.participation.come_back()
    with stage.committee() as committee:
        committee.settle()
        assert [(h.stage, h.ref_slot) for h in committee.health()] == [("finality", first)] * 3
        reported = committee.until_applied(second, most_slots=3 * EPOCH)
        assert same_numbers(reported.report, stage.seen(second))
        assert [each.report.ref_slot for each in committee.reports()] == [second]
