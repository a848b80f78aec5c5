"""AccountingOracle: what happens to a loss beyond the bucket (REP-8)."""

from dataclasses import replace

import pytest

from keel.chain.clock import jump_to, reverting
from keel.model.constants import ETHER, GWEI
from keel.model.frames import State
from keel.model.report import Report
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.reporting import (
    LOSS_LIMIT_WEI,
    STAKED_VALIDATORS,
    TOTAL_WEI,
    Reporting,
)

QUORUM, ONE_MORE = 3, 4  # of 5 members
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
    passed = (timestamp - reporting.final_at(1)) // reporting.keel.profile.frame_seconds
    return replace(report, ref_slot=reporting.ref_slot(1 + passed))


def submit_at(reporting: Reporting, timestamp: int, report: Report, signatures: int) -> bool:
    """Post the change in exactly this second; whether it was applied."""
    report = newest_at(reporting, timestamp, report)
    ballot = reporting.ballot(report, deadline=timestamp)
    signed = reporting.sign(ballot, signatures)
    reporting.next_transaction_at(timestamp)
    return reporting.was_applied(reporting.post(ballot, signed))


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
    assert (event.inputs["lossWei"], event.inputs["limitWei"]) == (LOSS_WEI, LOSS_LIMIT_WEI)
    (opened,) = vault.events(receipt, "LossAnnouncementOpened")
    assert opened.inputs == {"announcedAt": at, "lossWei": LOSS_WEI}
    base = vault.reportBase(reporting.ref_time(1))
    assert (base.announcedAt, base.announcedWei) == (at, LOSS_WEI)
    assert accounts() == before
    assert state(reporting) is State.ANNOUNCED


def test_within_a_frame_no_number_of_signatures_applies_it(
    reporting: Reporting, announced: Report
) -> None:
    applicable_at = after_a_frame(reporting)
    times = {"applicableAt": applicable_at, "nowTime": applicable_at - 1}
    with fails("AnnouncementTooYoung", **times):
        submit_at(reporting, applicable_at - 1, announced, 5)


def test_after_a_frame_one_signature_more_than_a_quorum_applies_it(
    reporting: Reporting, announced: Report
) -> None:
    """AUDIT M6."""
    applicable_at = after_a_frame(reporting)
    with (
        reverting(reporting.keel.rpc),
        fails("QuorumNotReached", signatures=QUORUM, needed=ONE_MORE),
    ):
        submit_at(reporting, applicable_at, announced, QUORUM)
    assert submit_at(reporting, applicable_at, announced, ONE_MORE)
    now = reporting.keel.quick.vault.consensus()
    assert now.balanceWei == LEFT_WEI
    assert (now.lastRefTime, now.announcedAt) == (reporting.ref_time(2), 0)


def test_after_three_frames_it_is_announced_anew_and_waits_anew(
    reporting: Reporting, announced: Report
) -> None:
    first_at = announced_at(reporting)
    over_at = first_at + 3 * reporting.keel.profile.frame_seconds
    with reverting(reporting.keel.rpc):
        assert submit_at(reporting, over_at - 1, announced, ONE_MORE)
    assert not submit_at(reporting, over_at, announced, 5)
    assert announced_at(reporting) == over_at
    applicable_at = after_a_frame(reporting)
    times = {"applicableAt": applicable_at, "nowTime": applicable_at - 1}
    with fails("AnnouncementTooYoung", **times):
        submit_at(reporting, applicable_at - 1, announced, 5)
    assert submit_at(reporting, applicable_at, announced, ONE_MORE)


def test_a_large_loss_leaves_the_limit_empty(reporting: Reporting, announced: Report) -> None:
    vault = reporting.keel.quick.vault
    assert submit_at(reporting, after_a_frame(reporting), announced, ONE_MORE)
    assert vault.lossAllowanceWei() == 0
    reporting.await_final(3)
    allowance_wei = vault.lossAllowanceWei()
    capacity_wei = (TOTAL_WEI - LOSS_WEI) // 400
    assert 0 < allowance_wei < capacity_wei // 10
    beyond = reporting.changed_report(3, -allowance_wei - ETHER)
    assert not reporting.was_applied(reporting.submit(beyond, 5))


@pytest.mark.parametrize("beyond_gwei", [0, 1])
def test_a_loss_applies_up_to_what_was_announced_and_what_the_bucket_holds(
    reporting: Reporting, announced: Report, beyond_gwei: int
) -> None:
    """AUDIT M6: what is applied is bounded by what was announced."""
    at = after_a_frame(reporting)
    more = reporting.changed_report(1, -LOSS_WEI - LOSS_LIMIT_WEI - beyond_gwei * GWEI)
    assert submit_at(reporting, at, more, 5) is (beyond_gwei == 0)
    if beyond_gwei:
        announced_wei = reporting.keel.quick.vault.reportBase(reporting.ref_time(2)).announcedWei
        assert announced_wei == LOSS_WEI + LOSS_LIMIT_WEI + GWEI
        assert announced_at(reporting) == at


def test_an_older_report_is_not_applied_by_a_newer_announcement(
    reporting: Reporting, announced: Report
) -> None:
    jump_to(reporting.keel.rpc, after_a_frame(reporting))
    slots = {"refSlot": announced.ref_slot, "newestRefSlot": reporting.ref_slot(2)}
    with fails("RefSlotNotNewest", **slots):
        reporting.submit(announced, ONE_MORE)


@pytest.mark.parametrize("frame", [1, 2])
@pytest.mark.parametrize("change_wei", [0, 300 * ETHER, -LOSS_LIMIT_WEI])
def test_a_report_within_the_bucket_applies_at_once_and_ends_the_announcement(
    reporting: Reporting, announced: Report, frame: int, change_wei: int
) -> None:
    reporting.await_final(frame) if frame > 1 else None
    report = reporting.changed_report(frame, change_wei)
    assert reporting.was_applied(reporting.submit(report, QUORUM))
    assert announced_at(reporting) == 0
    assert state(reporting) is State.NORMAL
    if change_wei == 0:
        reporting.await_final(frame + 1)
        again = reporting.changed_report(frame + 1, -LOSS_WEI)
        assert not reporting.was_applied(reporting.submit(again, 5))


def test_all_members_cannot_skip_the_announcement(reporting: Reporting) -> None:
    report = reporting.changed_report(1, -LOSS_WEI)
    assert not reporting.was_applied(reporting.submit(report, 5))


def test_no_growth_is_announced(reporting: Reporting) -> None:
    """REP-4, AUDIT L15: `LossAnnounced` names losses alone."""
    report = reporting.changed_report(1, 1_000_000 * ETHER)
    receipt = reporting.submit(report, QUORUM)
    assert reporting.was_applied(receipt)
    assert reporting.keel.quick.vault.events(receipt, "LossAnnouncementOpened") == []
    assert announced_at(reporting) == 0
