"""Alarms about the committee, the chain's pace and the account, by the chain's time."""

import io
from dataclasses import replace

import pytest

from keel.committee.standing import Standing
from keel.model.constants import ETHER
from keel.reporter.alarm_texts import applied_otherwise
from keel.reporter.settings import CommitteeSettings
from keel.reporter.stage import Stage
from keel.reporter.watch import Watch
from keel.service.alarms import Alarms
from keel.service.logs import open_log
from keel.service.metrics import Metrics
from tests.deployment import Keel
from tests.unit.committee.committee_examples import (
    MEMBERS,
    NOW,
    OUTSIDER,
    REF_SLOT,
    REPORT,
    STANDING,
    TERMS,
    TIMETABLE,
)

MEMBER = MEMBERS[0].address


def watch(keel: Keel, account: str | None = MEMBER, clock: int | None = None) -> Watch:
    log = open_log("json", "reporter", io.StringIO())
    return Watch(
        bindings=keel.quick,
        first_block=0,
        timetable=TIMETABLE,
        settings=CommitteeSettings(),
        alarms=Alarms(log, Metrics("reporter")),
        log=log,
        account=account,
        follows_clock=clock is not None,
        wall_clock=lambda: float(clock or 0),
    )


def at(seconds: int, standing: Standing = STANDING) -> Standing:
    return replace(standing, head=replace(standing.head, timestamp=NOW + seconds))


def test_nothing_is_wrong_in_a_usual_frame(keel: Keel) -> None:
    watching = watch(keel)
    watching.look(STANDING, REF_SLOT, Stage.GATHERING)
    assert watching.alarms.texts() == {}


def test_a_report_is_late_half_a_frame_after_it_could_be(keel: Keel) -> None:
    watching = watch(keel)
    watching.look(at(16 * 12 - 1), REF_SLOT, Stage.GATHERING)
    assert watching.alarms.texts() == {}
    watching.look(at(16 * 12), REF_SLOT, Stage.GATHERING)
    assert watching.alarms.texts() == {
        "late_report": f"slot {REF_SLOT} is not reported, 16 slots after it could be; "
        "here: gathering"
    }
    applied = replace(at(16 * 12), last_ref_time=TIMETABLE.geometry.time_of(REF_SLOT))
    watching.look(applied, REF_SLOT, Stage.APPLIED)
    assert watching.alarms.texts() == {}


def test_an_account_that_is_no_member_is_told_so(keel: Keel) -> None:
    watching = watch(keel, OUTSIDER.address)
    watching.look(STANDING, REF_SLOT, Stage.WATCHING)
    assert watching.alarms.texts().keys() == {"member_removed"}
    members = (*TERMS.members, OUTSIDER.address)
    watching.look(replace(STANDING, terms=replace(TERMS, members=members)), REF_SLOT, Stage.TURN)
    assert watching.alarms.texts() == {}


def test_a_gas_balance_that_runs_low_is_told_in_time(keel: Keel) -> None:
    watching = watch(keel)
    watching.look(replace(STANDING, account_wei=ETHER // 10 - 1), REF_SLOT, Stage.TURN)
    assert watching.alarms.texts() == {
        "low_balance": f"{MEMBER} has 0.0999 ETH for gas, 0.1 ETH expected"
    }
    watching.look(replace(STANDING, account_wei=ETHER // 10), REF_SLOT, Stage.TURN)
    assert watching.alarms.texts() == {}


def test_without_a_key_nothing_is_said_of_an_account(keel: Keel) -> None:
    watching = watch(keel, account=None)
    watching.look(replace(STANDING, account_wei=0), REF_SLOT, Stage.DRY_RUN)
    assert watching.alarms.texts() == {}


@pytest.mark.parametrize(
    ("clock", "text"),
    [
        (NOW + 60, None),
        (NOW - 60, None),
        (NOW + 61, "the chain's head is 61 s behind this machine's clock"),
        (NOW - 61, "the chain's head is 61 s ahead of this machine's clock"),
    ],
)
def test_a_clock_that_differs_from_the_chain_is_told(
    keel: Keel, clock: int, text: str | None
) -> None:
    watching = watch(keel, clock=clock)
    watching.look(STANDING, REF_SLOT, Stage.TURN)
    assert watching.alarms.texts() == ({} if text is None else {"clock_skew": text})


def test_a_chain_that_runs_by_itself_has_no_clock_to_differ_from(keel: Keel) -> None:
    watching = watch(keel)
    watching.look(STANDING, REF_SLOT, Stage.TURN)
    assert watching.alarms.texts() == {}


def test_an_announcement_whose_amounts_are_gone_still_is_an_alarm(keel: Keel) -> None:
    watching = watch(keel)
    standing = replace(STANDING, announced_at=NOW - 100, head=replace(STANDING.head, number=1))
    watching.look(standing, REF_SLOT, Stage.ANNOUNCED)
    assert watching.alarms.texts() == {
        "loss_announced": "a loss beyond the bucket is announced; in 284 s, for 768 s, a newer "
        "report of no larger a loss applies with 4 of 5 signatures"
    }
    watching.look(replace(standing, announced_at=NOW - 3 * 384), REF_SLOT, Stage.ANNOUNCED)
    assert watching.alarms.texts() == {
        "loss_announced": "a loss beyond the bucket was announced, which has ended: the next such "
        "report announces it anew"
    }


def test_a_chain_that_took_another_report_than_ours_is_told() -> None:
    taken = replace(STANDING, last_ref_slot=REF_SLOT, active_validators=1, consensus_wei=32 * ETHER)
    taken = replace(taken, operators_root=REPORT.operators_root)
    assert applied_otherwise(REPORT, taken) is None
    assert applied_otherwise(REPORT, STANDING) is None
    assert applied_otherwise(REPORT, replace(taken, active_validators=2)) == (
        "the chain took active_validators 2 where we have 1"
    )
