"""Alarms: each beside the moment at which it is just not raised yet."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keel.dashboard import alarms as alarms_module
from keel.dashboard.alarms import Level, alarms
from keel.dashboard.beacon import ReferenceCheck
from keel.dashboard.page import OPERATIONS_GUIDE
from keel.dashboard.view import InstantPrice
from keel.model.constants import BPS, ETHER
from keel.model.frames import State
from tests.dashboard.figures import (
    FINALITY_SECONDS,
    GEOMETRY,
    NOW,
    REF_SLOT,
    beacon,
    snapshot,
)


def names(found: Any = None, reading: Any = None, problems: Any = None) -> list[str]:
    raised = alarms(found or snapshot(), reading or beacon(), problems or {}, GEOMETRY)
    return [alarm.name for alarm in raised]


def _reopening(at: int) -> dict[str, int]:
    """A loss closed deposits until then; no pause is later."""
    return {"deposits_reopen_at": at, "deposits_paused_until": at}


def test_a_quiet_moment_has_no_alarm() -> None:
    assert names() == []


@pytest.mark.parametrize(
    ("name", "raising", "quiet"),
    [
        ("dead", {"state": State.DEAD}, {"state": State.AWAITING}),
        ("stale", {"state": State.STALE}, {"state": State.NORMAL}),
        ("slashings_proven", {"state": State.SLASHED}, {"state": State.NORMAL}),
        ("loss_announced", {"announced_at": NOW - 12}, {"announced_at": 0}),
        (
            "low_buffer",
            {"owed_wei": 36 * ETHER + 1, "backing_wei": 64 * ETHER - 1},
            {"owed_wei": 36 * ETHER, "backing_wei": 64 * ETHER},
        ),
        ("identity_broken", {"buffered_wei": 36 * ETHER + 1}, {"buffered_wei": 36 * ETHER}),
        ("insolvent", {"is_insolvent": True}, {"is_insolvent": False}),
        ("deposits_closed", _reopening(NOW + 1), _reopening(NOW)),
        (
            "deposits_wait",
            {"unvested_wei": 32 * ETHER + 1, "visible_wei": 68 * ETHER - 1},
            {"unvested_wei": 32 * ETHER, "visible_wei": 68 * ETHER},
        ),
        ("paused", {"deposits_paused_until": NOW + 1}, {"deposits_paused_until": NOW}),
        ("paused", {"staking_paused_until": NOW + 1}, {"staking_paused_until": NOW}),
        ("paused", {"instant_paused_until": NOW + 1}, {"instant_paused_until": NOW}),
    ],
)
def test_an_alarm_is_raised_at_its_bound_and_not_before(
    name: str, raising: dict[str, Any], quiet: dict[str, Any]
) -> None:
    assert names(snapshot(**raising)) == [name]
    assert names(snapshot(**quiet)) == []


def test_a_pause_that_is_later_than_the_reopening_is_told_beside_it() -> None:
    closed = {"deposits_reopen_at": NOW + 1, "deposits_paused_until": NOW + 2}
    assert sorted(names(snapshot(**closed))) == ["deposits_closed", "paused"]


def test_an_announcement_says_its_amount_and_when_it_ends() -> None:
    frame = GEOMETRY.frame_seconds

    def said(age: int) -> str:
        found = snapshot(announced_at=NOW - age, announced_wei=3 * ETHER)
        (alarm,) = alarms(found, beacon(), {}, GEOMETRY)
        return alarm.meaning

    assert "a loss of 3 ETH, where 1 ETH more than what the stream bears applies at once" in said(
        12
    )
    assert "4 members may apply a report of no larger a loss; it ends in" in said(3 * frame - 1)
    assert "It has ended" in said(3 * frame)


def test_closed_doors_say_how_much_is_proven_slashed_and_from_where_on_it_closes_them() -> None:
    found = snapshot(state=State.SLASHED, slashed_wei=32 * ETHER)
    (alarm,) = alarms(found, beacon(), {}, GEOMETRY)
    assert "32 ETH of validators are proven slashed" in alarm.meaning
    assert "0.10 % of A + Q, 0.1 ETH, close the doors" in alarm.meaning


def test_the_price_may_lie_below_par_by_the_bound_and_not_by_more() -> None:
    bound_bps = 300
    at_bound = ETHER - ETHER * bound_bps // BPS
    assert names(snapshot(price=InstantPrice(ETHER, at_bound, bound_bps))) == []
    assert names(snapshot(price=InstantPrice(ETHER, at_bound - 1, bound_bps))) == ["peg"]
    assert names(snapshot(price=None)) == []


class TestALateReport:
    reportable_at = GEOMETRY.time_of(REF_SLOT + 32) + FINALITY_SECONDS

    def unreported(self, now: int) -> Any:
        """The next reference slot could be reported since `reportable_at`, and was not."""
        found = snapshot(
            reportable_slot=REF_SLOT + 32,
            next_reportable_at=self.reportable_at + GEOMETRY.frame_seconds,
        )
        return replace(found, head=replace(found.head, timestamp=now))

    def test_is_late_only_after_the_members_had_time(self) -> None:
        grace = GEOMETRY.report_grace_seconds
        assert names(self.unreported(self.reportable_at + grace - 1)) == []
        assert names(self.unreported(self.reportable_at + grace)) == ["late_report"]

    def test_says_that_the_beacon_chain_does_not_finalise(self) -> None:
        late = self.unreported(self.reportable_at + GEOMETRY.frame_seconds)
        for finalised, is_said in ((REF_SLOT + 32, True), (REF_SLOT + 33, False)):
            reading = beacon(finalised_slot=finalised)
            (alarm,) = alarms(late, reading, {}, GEOMETRY)
            assert ("finalised only up to" in alarm.meaning) is is_said


def test_slashed_validators_count_until_they_are_reported() -> None:
    reading = beacon(slashed_keys=("0xaa", "0xbb"))
    assert names(snapshot(slashed=1), reading) == ["slashed"]
    assert names(snapshot(slashed=2), reading) == []


def test_a_beacon_state_that_differs_by_a_wei_is_told() -> None:
    off = ReferenceCheck(REF_SLOT, 64 * ETHER + 1, 64 * ETHER)
    assert names(None, beacon(check=off)) == ["consensus_differs"]
    assert names(None, beacon(foreign_keys=("0xaa",))) == ["foreign_credentials"]


def test_nodes_that_do_not_answer_are_told_even_before_anything_was_read() -> None:
    problems = {"beacon_node": "it is away", "execution_node": "it is away too"}
    raised = alarms(None, None, problems, GEOMETRY)
    assert [(a.name, a.level) for a in raised] == [
        ("execution_node", Level.CRITICAL),
        ("beacon_node", Level.WARNING),
    ]


def test_every_alarm_has_a_section_in_the_operators_guide() -> None:
    source = Path(alarms_module.__file__).read_text()
    raised = set(re.findall(r'Alarm\(\s*"(\w+)"', source)) | set(
        re.findall(r'^        "(\w+)": "', source, re.MULTILINE)
    )
    headings = set(re.findall(r"^#+ (\w+)$", OPERATIONS_GUIDE.read_text(), re.MULTILINE))
    assert len(raised) >= 14
    assert raised - headings == set()


def test_the_worst_comes_first() -> None:
    several = snapshot(
        state=State.STALE,
        owed_wei=37 * ETHER,
        backing_wei=63 * ETHER,
        deposits_paused_until=NOW + 60,
    )
    assert names(several) == ["stale", "paused", "low_buffer"]
