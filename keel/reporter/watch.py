"""What a member watches apart from its own reports: committee, pace of the chain, gas balance."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from keel.chain.state import block_head
from keel.committee.standing import Standing
from keel.committee.timetable import Timetable
from keel.deploy.bindings import Bindings
from keel.formatting.amounts import shown_ether
from keel.model.constants import ANNOUNCEMENT_FRAMES
from keel.reporter.settings import CommitteeSettings
from keel.reporter.stage import Stage
from keel.service.alarms import Alarms
from keel.service.logs import Log

CLOCK_SKEW, LATE_REPORT, LOSS_ANNOUNCED = "clock_skew", "late_report", "loss_announced"
LOW_BALANCE, MEMBER_REMOVED = "low_balance", "member_removed"


@dataclass(frozen=True, slots=True)
class Announcement:
    """`limit_wei` is what it might have been besides what unvested rewards bore (REP-8)."""

    ref_slot: int
    loss_wei: int
    limit_wei: int


@dataclass
class Watch:
    """Sets these alarms at every head and says when reports were applied or announced.

    `account` is None for a reporter without key; `follows_clock` False for a chain that is not in
    step with the machine's clock.
    """

    bindings: Bindings
    first_block: int
    timetable: Timetable
    settings: CommitteeSettings
    alarms: Alarms
    log: Log
    account: str | None
    follows_clock: bool
    wall_clock: Callable[[], float] = time.time
    _last: Standing | None = None
    _announcement: tuple[int, Announcement | None] = (0, None)

    def look(self, standing: Standing, ref_slot: int | None, stage: Stage) -> None:
        """Set or clear every alarm of this watch; raises what the client raises."""
        self._tell(standing)
        texts = {
            CLOCK_SKEW: self._skew(standing) if self.follows_clock else None,
            LATE_REPORT: self._late(standing, ref_slot, stage),
            LOSS_ANNOUNCED: self._announced(standing),
        }
        texts |= self._own(standing)
        for name, text in texts.items():
            self.alarms.set(name, text)
        self._last = standing

    def _own(self, standing: Standing) -> Mapping[str, str | None]:
        """What concerns the member's own account."""
        if self.account is None:
            return {}
        removed, low = None, None
        if self.account not in standing.terms.members:
            removed = f"{self.account} is not a member of the committee: it signs nothing"
        least_wei = self.settings.least_balance_wei
        if standing.account_wei < least_wei:
            low = (
                f"{self.account} has {shown_ether(standing.account_wei)} ETH for gas, "
                f"{shown_ether(least_wei)} ETH expected"
            )
        return {MEMBER_REMOVED: removed, LOW_BALANCE: low}

    def _late(self, standing: Standing, ref_slot: int | None, stage: Stage) -> str | None:
        geometry = self.timetable.geometry
        if ref_slot is None or standing.last_ref_time >= geometry.time_of(ref_slot):
            return None
        late_slots = self.settings.late_slots or max(1, geometry.frame_slots // 2)
        waited = standing.now - self.timetable.reportable_at(ref_slot)
        if waited < late_slots * geometry.seconds_per_slot:
            return None
        slots = waited // geometry.seconds_per_slot
        return f"slot {ref_slot} is not reported, {slots} slots after it could be; here: {stage}"

    def _skew(self, standing: Standing) -> str | None:
        """The chain's time and the machine's differ; decisions follow the chain's alone."""
        seconds = int(self.wall_clock()) - standing.now
        if abs(seconds) <= self.settings.clock_skew_seconds:
            return None
        side = "behind" if seconds > 0 else "ahead of"
        return f"the chain's head is {abs(seconds)} s {side} this machine's clock"

    def _announced(self, standing: Standing) -> str | None:
        at = standing.announced_at
        if not at:
            return None
        if self._announcement[0] != at:
            found = read_announcement(self.bindings, at, self.first_block, standing.head.number)
            self._announcement = (at, found)
        frame_seconds = self.timetable.geometry.frame_seconds
        return announced_text(self._announcement[1], standing, frame_seconds)

    def _tell(self, standing: Standing) -> None:
        last = self._last
        if last is None:
            return
        if standing.last_ref_time > last.last_ref_time:
            self.log.info("report.applied", ref_slot=standing.last_ref_slot)
        if standing.announced_at > last.announced_at:
            self.log.warning("report.announced", announced_at=standing.announced_at)


def read_announcement(
    bindings: Bindings, announced_at: int, first_block: int, head_number: int
) -> Announcement | None:
    """Find the announcement of this time; None when the nodes do not have its block's logs.

    Some 25 reads: the block is searched by its time, which the vault wrote down.
    """
    low, high = first_block, head_number
    while low < high:
        middle = (low + high) // 2
        if block_head(bindings.rpc, middle).timestamp < announced_at:
            low = middle + 1
        else:
            high = middle
    events = bindings.oracle.events_between(low, low, "LossAnnounced")
    if not events:
        return None
    inputs = events[-1].inputs
    return Announcement(inputs["refSlot"], inputs["lossWei"], inputs["limitWei"])


def announced_text(
    announcement: Announcement | None, standing: Standing, frame_seconds: int
) -> str:
    """Say what was announced, and from when to when how many can apply it."""
    what = "a loss beyond the bucket"
    if announcement is not None:
        what = (
            f"slot {announcement.ref_slot}: a loss of {shown_ether(announcement.loss_wei)} ETH, "
            f"where {shown_ether(announcement.limit_wei)} ETH more than what the stream bears is "
            "allowed,"
        )
    terms, age = standing.terms, standing.now - standing.announced_at
    wait = max(0, frame_seconds - age)
    left = ANNOUNCEMENT_FRAMES * frame_seconds - age
    if left <= 0:
        return f"{what} was announced, which has ended: the next such report announces it anew"
    return (
        f"{what} is announced; in {wait} s, for {left - wait} s, a newer report of no larger a "
        f"loss applies with {terms.announced_quorum} of {len(terms.members)} signatures"
    )
