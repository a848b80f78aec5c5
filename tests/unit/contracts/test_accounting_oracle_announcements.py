"""AccountingOracle: what happens to a report beyond a limit (REP-8)."""

from dataclasses import replace

import pytest

from keel.model.constants import ETHER, GWEI
from keel.model.frames import State
from keel.model.report import Report
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.reporting import (
    GROWTH_BOUND_WEI,
    LOSS_LIMIT_WEI,
    STAKED_VALIDATORS,
    TOTAL_WEI,
    Reporting,
)

QUORUM, TWO_THIRDS = 3, 4  # of 5 members
LOSS_WEI = LOSS_LIMIT_WEI + ETHER
LEFT_WEI = STAKED_VALIDATORS * 32 * ETHER - LOSS_WEI


@pytest.fixture
def reporting(keel_mainnet: Keel) -> Reporting:
    reporting = Reporting.with_stake(keel_mainnet)
    reporting.await_final(1)
    return reporting


def announced_at(reporting: Reporting) -> int:
    """When the open announcement was made, 0 for none."""
    return reporting.keel.quick.vault.consensus().announcedAt


def state(reporting: Reporting) -> State:
    return State(reporting.keel.quick.vault.state())


@pytest.fixture
def announced(reporting: Reporting) -> Report:
    """A large loss, announced with the normal quorum."""
    report = reporting.changed_report(1, -LOSS_WEI)
    assert not reporting.was_applied(reporting.submit(report, QUORUM))
    return report


def after_a_frame(reporting: Reporting) -> int:
    """First second in which a report beyond the limit can apply."""
    return announced_at(reporting) + reporting.keel.profile.frame_seconds


def newest_at(reporting: Reporting, timestamp: int, report: Report) -> Report:
    """The same change, seen from the newest slot that is final at a time (REP-1)."""
    frame = 2 if timestamp >= reporting.final_at(2) else 1
    return replace(report, ref_slot=reporting.ref_slot(frame))


def test_a_quorum_announces_and_changes_no_account(reporting: Reporting) -> None:
    vault = reporting.keel.quick.vault

    def accounts() -> tuple[object, ...]:
        consensus = vault.consensus()._replace(announcedAt=0)
        return vault.totals(), consensus, reporting.oracle.lastReport()

    before = accounts()
    report = reporting.changed_report(1, -LOSS_WEI)
    at = reporting.final_at(1) + 30
    reporting.next_transaction_at(at)
    receipt = reporting.submit(report, QUORUM)
    (event,) = reporting.oracle.events(receipt, "LossAnnounced")
    assert event.inputs["refSlot"] == report.ref_slot
    assert (event.inputs["changeWei"], event.inputs["limitWei"]) == (LOSS_WEI, LOSS_LIMIT_WEI)
    after = (
        vault.totals(),
        vault.consensus()._replace(announcedAt=0),
        reporting.oracle.lastReport(),
    )
    assert after == before
    assert announced_at(reporting) == at
    assert state(reporting) is State.ANNOUNCED


def test_within_a_frame_no_number_of_signatures_applies_it(
    reporting: Reporting, announced: Report
) -> None:
    applicable_at = after_a_frame(reporting)
    report = newest_at(reporting, applicable_at - 1, announced)
    ballot = reporting.ballot(report, deadline=applicable_at)
    reporting.next_transaction_at(applicable_at - 1)
    times = {"applicableAt": applicable_at, "nowTime": applicable_at - 1}
    with fails("AnnouncementTooYoung", **times):
        reporting.post(ballot, reporting.sign(ballot, 5))


def test_after_a_frame_two_thirds_apply_it(reporting: Reporting, announced: Report) -> None:
    applicable_at = after_a_frame(reporting)
    report = newest_at(reporting, applicable_at, announced)
    ballot = reporting.ballot(report, deadline=applicable_at)
    reporting.next_transaction_at(applicable_at)
    assert reporting.was_applied(reporting.post(ballot, reporting.sign(ballot, TWO_THIRDS)))
    now = reporting.keel.quick.vault.consensus()
    assert now.balanceWei == LEFT_WEI
    assert (now.lastRefTime, now.announcedAt) == (reporting.ref_time(2), 0)


def test_after_a_frame_the_normal_quorum_is_not_enough(
    reporting: Reporting, announced: Report
) -> None:
    applicable_at = after_a_frame(reporting)
    report = newest_at(reporting, applicable_at, announced)
    ballot = reporting.ballot(report, deadline=applicable_at)
    reporting.next_transaction_at(applicable_at)
    with fails("QuorumNotReached", signatures=QUORUM, needed=TWO_THIRDS):
        reporting.post(ballot, reporting.sign(ballot, QUORUM))


def test_a_large_loss_leaves_the_limit_empty(reporting: Reporting, announced: Report) -> None:
    applicable_at = after_a_frame(reporting)
    report = newest_at(reporting, applicable_at, announced)
    ballot = reporting.ballot(report, deadline=applicable_at)
    signatures = reporting.sign(ballot, TWO_THIRDS)
    reporting.next_transaction_at(applicable_at)
    reporting.post(ballot, signatures)
    assert reporting.oracle.lossAllowanceWei() == 0
    reporting.await_final(3)
    allowance_wei = reporting.oracle.lossAllowanceWei()
    capacity_wei = (TOTAL_WEI - LOSS_WEI) // 100
    assert 0 < allowance_wei < capacity_wei // 10
    beyond = reporting.changed_report(3, -allowance_wei - ETHER)
    assert not reporting.was_applied(reporting.submit(beyond, 5))


def test_another_loss_may_apply_than_was_announced_but_never_an_older_report(
    reporting: Reporting, announced: Report
) -> None:
    reporting.await_final(2)
    newer = reporting.changed_report(2, -LOSS_WEI - ETHER)
    ballot = reporting.ballot(newer, deadline=after_a_frame(reporting))
    reporting.next_transaction_at(after_a_frame(reporting))
    assert reporting.was_applied(reporting.post(ballot, reporting.sign(ballot, TWO_THIRDS)))
    slots = {"refSlot": announced.ref_slot, "newestRefSlot": reporting.ref_slot(2)}
    with fails("RefSlotNotNewest", **slots):
        reporting.submit(announced, TWO_THIRDS)


@pytest.mark.parametrize("frame", [1, 2])
def test_a_report_within_the_limits_applies_at_once_and_ends_the_announcement(
    reporting: Reporting, announced: Report, frame: int
) -> None:
    reporting.await_final(frame) if frame > 1 else None
    assert reporting.was_applied(reporting.submit(reporting.quiet_report(frame), QUORUM))
    assert announced_at(reporting) == 0
    assert state(reporting) is State.NORMAL
    reporting.await_final(frame + 1)
    again = reporting.changed_report(frame + 1, -LOSS_WEI)
    assert not reporting.was_applied(reporting.submit(again, 5))


def test_all_members_cannot_skip_the_announcement(reporting: Reporting) -> None:
    report = reporting.changed_report(1, -LOSS_WEI)
    assert not reporting.was_applied(reporting.submit(report, 5))


def test_growth_beyond_the_bound_takes_the_same_path_and_leaves_the_loss_limit(
    reporting: Reporting,
) -> None:
    growth_wei = GROWTH_BOUND_WEI + GWEI
    report = reporting.changed_report(1, growth_wei)
    assert not reporting.was_applied(reporting.submit(report, QUORUM))
    applicable_at = after_a_frame(reporting)
    newer = newest_at(reporting, applicable_at, report)
    ballot = reporting.ballot(newer, deadline=applicable_at)
    reporting.next_transaction_at(applicable_at)
    assert reporting.was_applied(reporting.post(ballot, reporting.sign(ballot, TWO_THIRDS)))
    total_wei = TOTAL_WEI + growth_wei
    assert reporting.oracle.lossAllowanceWei() == total_wei // 100
