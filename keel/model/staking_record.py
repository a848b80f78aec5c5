"""What had been staked by when.

REP-2: checkpoints on chain tell what was staked by a reference slot; one staked in the very second
of the slot counts.
"""

from bisect import bisect_right
from dataclasses import dataclass

from keel.model.constants import VALIDATOR_DEPOSIT_WEI


@dataclass(frozen=True)
class StakeCheckpoint:
    """Validators ever staked up to and with this second."""

    time: int
    validators: int


StakingRecord = tuple[StakeCheckpoint, ...]


def add_staked(record: StakingRecord, now: int, validators: int) -> StakingRecord:
    """Add validators staked now; one checkpoint a second."""
    total = validators + (record[-1].validators if record else 0)
    kept = record[:-1] if record and record[-1].time == now else record
    return (*kept, StakeCheckpoint(now, total))


def validators_staked_by(record: StakingRecord, time: int) -> int:
    """Validators ever staked not after `time`."""
    position = bisect_right(record, time, key=lambda point: point.time)
    return record[position - 1].validators if position else 0


def wei_staked_after(record: StakingRecord, time: int) -> int:
    """Ether staked after `time`."""
    total = record[-1].validators if record else 0
    return (total - validators_staked_by(record, time)) * VALIDATOR_DEPOSIT_WEI
