"""A snapshot in which nothing is wrong, to change one thing of."""

from dataclasses import replace
from typing import Any

from keel.chain.state import BlockHead
from keel.dashboard.beacon import BeaconReading, ReferenceCheck
from keel.dashboard.view import (
    Accounts,
    Doors,
    Fund,
    InstantPrice,
    Oracle,
    Queue,
    Snapshot,
)
from keel.model.constants import ETHER, RAY
from keel.model.frames import FrameGeometry, State

GEOMETRY = FrameGeometry(genesis_time=1_000, seconds_per_slot=12, frame_slots=32)
FINALITY_SECONDS = 192
REF_SLOT = 95
REF_TIME = GEOMETRY.time_of(REF_SLOT)
NOW = REF_TIME + FINALITY_SECONDS + 24
MEMBERS = tuple(f"0x{number:040x}" for number in range(1, 6))


def snapshot(**changes: Any) -> Snapshot:
    """The quiet moment after a report; names are fields of Snapshot or of one of its parts."""
    found = Snapshot(
        head=BlockHead(500, "0x" + "ab" * 32, NOW, 7, 0),
        state=State.NORMAL,
        accounts=Accounts(
            shares=100 * ETHER * 10**9,
            backing_wei=100 * ETHER,
            unvested_wei=0,
            visible_wei=100 * ETHER,
            buffered_wei=36 * ETHER,
            consensus_wei=64 * ETHER,
            pending_wei=0,
            owed_wei=0,
            stream_end=0,
            loss_carry_wei=0,
            is_insolvent=False,
        ),
        rate_wei=ETHER,
        wrapped_units=0,
        queue=Queue(0, 0, RAY, ETHER // 1000, 1000 * ETHER, (), ()),
        operators=(),
        oracle=Oracle(
            ref_slot=REF_SLOT,
            active=2,
            exited=0,
            slashed=0,
            reportable_slot=REF_SLOT,
            next_reportable_at=REF_TIME + FINALITY_SECONDS + GEOMETRY.frame_seconds,
            members=MEMBERS,
            quorum=3,
            announced_quorum=4,
            last_ref_time=REF_TIME,
            announced_at=0,
            announced_wei=0,
            loss_allowance_wei=ETHER,
        ),
        fund=Fund(ETHER, ETHER, ETHER, ETHER, 0, 0, ETHER, ETHER, ()),
        price=InstantPrice(ETHER, ETHER * 999 // 1000, 300),
        doors=Doors(ETHER, ETHER, ETHER, 0, 0, 0, 0, 0),
        indexed_block=500,
    )
    for name, value in changes.items():
        found = _changed(found, name, value)
    return found


def beacon(**changes: Any) -> BeaconReading:
    """What a beacon node says at that moment."""
    quiet = BeaconReading(
        head_slot=113,
        finalised_slot=96,
        counted_slot=113,
        counts={},
        slashed_keys=(),
        foreign_keys=(),
        check=ReferenceCheck(REF_SLOT, 64 * ETHER, 64 * ETHER),
        check_problem=None,
    )
    return replace(quiet, **changes)


def _changed(found: Snapshot, name: str, value: Any) -> Snapshot:
    for part in ("accounts", "oracle", "doors", "head"):
        if hasattr(getattr(found, part), name) and not hasattr(found, name):
            changed = {part: replace(getattr(found, part), **{name: value})}
            return replace(found, **changed)
    changed = {name: value}
    return replace(found, **changed)
