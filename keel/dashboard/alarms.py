"""Alarms: pure rules over what was read. Each says what it means, and where to read what to do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from keel.dashboard.beacon import BeaconReading
from keel.dashboard.view import Snapshot
from keel.formatting.amounts import exact_ether, shown_bps, shown_seconds
from keel.model.constants import ANNOUNCEMENT_FRAMES, SLASHED_LIMIT_BPS
from keel.model.frames import FrameGeometry, State


class Level(Enum):
    """How soon somebody should look."""

    NOTICE = "notice"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Alarm:
    """`name` is the section of docs/operations.md that says what to do."""

    name: str
    level: Level
    title: str
    meaning: str


def alarms(
    snapshot: Snapshot | None,
    beacon: BeaconReading | None,
    problems: Mapping[str, str],
    geometry: FrameGeometry,
) -> tuple[Alarm, ...]:
    """All alarms, the worst first; `problems` are those of nodes, by alarm name."""
    found = [*_nodes(problems)]
    if snapshot is not None:
        found += [
            *_state(snapshot),
            *_losses(snapshot, geometry),
            *_late(snapshot, beacon, geometry),
            *_money(snapshot),
            *_paused(snapshot),
        ]
        found += [] if beacon is None else [*_beacon(snapshot, beacon)]
    order = [Level.CRITICAL, Level.WARNING, Level.NOTICE]
    return tuple(sorted(found, key=lambda alarm: order.index(alarm.level)))


def _nodes(problems: Mapping[str, str]) -> Iterator[Alarm]:
    titles = {
        "execution_node": "The execution node does not answer",
        "beacon_node": "The beacon node does not answer",
        "other_chain": "The node is on another chain",
        "head_stands": "No new block",
        "anvil_moved": "Anvil was moved without the beacon chain",
    }
    for name, text in problems.items():
        if name == "anvil_moved":
            yield Alarm(name, Level.NOTICE, titles[name], f"{text}.")
            continue
        level = Level.WARNING if name == "beacon_node" else Level.CRITICAL
        level = Level.NOTICE if name == "head_stands" else level
        yield Alarm(name, level, titles[name], f"{text}. What is shown is older than that.")


def _state(snapshot: Snapshot) -> Iterator[Alarm]:
    oracle, now = snapshot.oracle, snapshot.head.timestamp
    age = shown_seconds(now - oracle.last_ref_time)
    if snapshot.state is State.DEAD:
        yield Alarm(
            "dead",
            Level.CRITICAL,
            "Dead: 14 frames without a report",
            f"The last reference slot is {age} old. Deposits, staking and instant redemption are "
            "closed; anyone may finalise tickets and sweep withdrawals.",
        )
    if snapshot.state is State.STALE:
        yield Alarm(
            "stale",
            Level.CRITICAL,
            "Stale: 3 frames without a report",
            f"The last reference slot is {age} old. Deposits, staking and instant redemption are "
            "closed until a report is applied; claims stay open.",
        )


def _losses(snapshot: Snapshot, geometry: FrameGeometry) -> Iterator[Alarm]:
    """What slashings and a loss beyond the bucket close, from their proof or announcement on."""
    oracle, accounts, now = snapshot.oracle, snapshot.accounts, snapshot.head.timestamp
    if snapshot.state is State.SLASHED:
        yield Alarm(
            "slashings_proven",
            Level.CRITICAL,
            "Doors are closed by proven slashings",
            f"{exact_ether(snapshot.doors.slashed_wei)} ETH of validators are proven slashed since "
            f"the last reference slot, where {shown_bps(SLASHED_LIMIT_BPS)} of A + Q, "
            f"{exact_ether(accounts.slashed_limit_wei)} ETH, close the doors. Deposits, staking, "
            "instant redemption, underwriters' exits and payments of bonds are closed until a "
            "report of a later slot applies; requests and claims stay open.",
        )
    if oracle.announced_at:
        age = now - oracle.announced_at
        left = ANNOUNCEMENT_FRAMES * geometry.frame_seconds - age
        applies = (
            f"From a frame after it, {oracle.announced_quorum} members may apply a report of no "
            f"larger a loss; it ends in {shown_seconds(left)}."
            if left > 0
            else "It has ended: the next such report announces the loss anew."
        )
        yield Alarm(
            "loss_announced",
            Level.CRITICAL,
            "A loss beyond the bucket is announced",
            f"Announced {shown_seconds(age)} ago: a loss of "
            f"{exact_ether(oracle.announced_wei)} ETH, where "
            f"{exact_ether(oracle.loss_allowance_wei)} ETH more than what the stream bears applies "
            f"at once. {applies} Until a report "
            "applies, deposits, staking and instant redemption are closed.",
        )
    if accounts.is_insolvent:
        yield Alarm(
            "insolvent",
            Level.CRITICAL,
            "The vault is insolvent and is wound down",
            "A loss left a share with less than a millionth of par. Nobody deposits and nothing is "
            "staked ever again; ether that arrives still vests, and claims stay open.",
        )
    if snapshot.doors.deposits_reopen_at > now:
        yield Alarm(
            "deposits_closed",
            Level.WARNING,
            "Deposits are closed after a loss",
            f"They open in {shown_seconds(snapshot.doors.deposits_reopen_at - now)}: a loss beyond "
            "the bucket closes them for 7 frames.",
        )
    if accounts.unvested_wei > accounts.unvested_limit_wei:
        yield Alarm(
            "deposits_wait",
            Level.NOTICE,
            "Deposits wait until rewards have vested",
            f"{exact_ether(accounts.unvested_wei)} ETH are unvested, "
            f"{exact_ether(accounts.unvested_limit_wei)} ETH at most while deposits are open.",
        )


def _late(
    snapshot: Snapshot, beacon: BeaconReading | None, geometry: FrameGeometry
) -> Iterator[Alarm]:
    """A reference slot old enough for a report has none, and members had time to post it."""
    oracle, now = snapshot.oracle, snapshot.head.timestamp
    newest_time = geometry.time_of(oracle.reportable_slot)
    if not oracle.reportable_slot or oracle.last_ref_time >= newest_time:
        return
    reportable_at = oracle.next_reportable_at - geometry.frame_seconds
    late = now - reportable_at
    if late < geometry.report_grace_seconds:
        return
    why = ""
    if beacon is not None and beacon.finalised_slot <= oracle.reportable_slot:
        why = (
            f" The beacon chain has finalised only up to slot {beacon.finalised_slot}, so members "
            "wait for it."
        )
    yield Alarm(
        "late_report",
        Level.WARNING,
        f"The report of slot {oracle.reportable_slot} is late",
        f"It could have been posted {shown_seconds(late)} ago and was not.{why} Without reports "
        "the rate does not change, and after 3 frames deposits close.",
    )


def _money(snapshot: Snapshot) -> Iterator[Alarm]:
    accounts, price = snapshot.accounts, snapshot.price
    if price is not None and price.discount_bps > price.bound_bps:
        yield Alarm(
            "peg",
            Level.WARNING,
            f"Instant redemption pays {shown_bps(price.discount_bps)} below par",
            f"kETH worth {exact_ether(price.value_wei)} ETH is paid "
            f"{exact_ether(price.paid_wei)} ETH at once, while the largest fee is "
            f"{shown_bps(price.bound_bps)}: there is too little free ether. Tickets pay in full.",
        )
    if accounts.buffered_wei < accounts.owed_wei:
        missing_wei = accounts.owed_wei - accounts.buffered_wei
        yield Alarm(
            "low_buffer",
            Level.NOTICE,
            "The buffer does not cover the queue",
            f"Tickets are owed {exact_ether(missing_wei)} ETH more than B holds: validators must "
            "exit or rewards arrive before all of them can be paid.",
        )
    if accounts.controlled_wei != accounts.accounted_wei:
        yield Alarm(
            "identity_broken",
            Level.CRITICAL,
            "The accounts do not add up",
            f"B + C + P less A + Q is {accounts.controlled_wei - accounts.accounted_wei} wei, 0 "
            "expected.",
        )


def _paused(snapshot: Snapshot) -> Iterator[Alarm]:
    doors, now = snapshot.doors, snapshot.head.timestamp
    is_by_loss = doors.deposits_paused_until == doors.deposits_reopen_at
    for what, until in (
        ("Deposits", 0 if is_by_loss else doors.deposits_paused_until),
        ("Staking", doors.staking_paused_until),
        ("Instant redemption", doors.instant_paused_until),
    ):
        if until > now:
            plural = "are" if what == "Deposits" else "is"
            yield Alarm(
                "paused",
                Level.WARNING,
                f"{what} {plural} paused",
                f"The guardian paused it; the pause ends by itself in "
                f"{shown_seconds(until - now)}. Claims, requests and transfers cannot be paused.",
            )


def _beacon(snapshot: Snapshot, beacon: BeaconReading) -> Iterator[Alarm]:
    new = len(beacon.slashed_keys) - snapshot.oracle.slashed
    if new > 0:
        yield Alarm(
            "slashed",
            Level.CRITICAL,
            f"{new} slashed {'validator' if new == 1 else 'validators'} not reported yet",
            f"The beacon state of slot {beacon.counted_slot} shows {len(beacon.slashed_keys)} "
            f"slashed, the last report {snapshot.oracle.slashed}. The next report brings the loss.",
        )
    if beacon.check is not None and beacon.check.difference_wei:
        yield Alarm(
            "consensus_differs",
            Level.CRITICAL,
            "C differs from the beacon state",
            f"At slot {beacon.check.ref_slot} the beacon state has "
            f"{beacon.check.difference_wei:+d} wei against the report: the committee reported "
            "something other than what this beacon node shows.",
        )
    if beacon.foreign_keys:
        yield Alarm(
            "foreign_credentials",
            Level.CRITICAL,
            f"{len(beacon.foreign_keys)} keys have somebody else's withdrawal credentials",
            f"The first is {beacon.foreign_keys[0]}. Their ether does not count.",
        )
