"""What the contract Exits weighs before it asks the beacon chain for anything.

REQ-1: how old the state may be by which an exit is asked for at first.
REQ-3: what the queue lacks, and how many validators let an operator's be asked for.
REQ-5: what a validator loses that is absent.
LIM-3: what others than managers may ask for in a day.
"""

from keel.model.constants import BPS, DAY, GWEI, VALIDATOR_DEPOSIT_WEI
from keel.model.rounding import ceil_div

OLDEST_STATE_SECONDS = 3_600
EXIT_LIMIT_LEAST = 100
EXIT_LIMIT_BPS = 1_000
TARGET_PART_BPS = 9_000
INACTIVE_FRAMES = 7
LEAST_ABSENCE_BPS = 8_000
MOST_ABSENCE_BPS = 20_000


def missing_wei(staked_wei: int, backing_wei: int, vaults_wei: int, leaving_gwei: int) -> int:
    """Ether that tickets lack; `staked_wei` is C + P, which less A is Q - B (ACC-1)."""
    return max(0, staked_wei - backing_wei - vaults_wei - leaving_gwei * GWEI)


def least_live(target_bps: int, targets_bps: int, live: int) -> int:
    """Parts with which an operator's validators can be asked for, of so many that all have.

    A target of 0 is that of an operator that gets no validators.
    """
    if target_bps == 0:
        return 0
    return max(0, ceil_div(live * target_bps * TARGET_PART_BPS, targets_bps * BPS) - 1)


def exit_capacity(staked_wei: int) -> int:
    """Parts of 32 ETH that the bucket of exits holds (LIM-3)."""
    return max(EXIT_LIMIT_LEAST, staked_wei // VALIDATOR_DEPOSIT_WEI * EXIT_LIMIT_BPS // BPS)


def is_absence(before_gwei: int, after_gwei: int, seconds: int, absence_gwei_per_day: int) -> bool:
    """Whether a balance fell as that of an absent validator does (REQ-5)."""
    fall = max(0, before_gwei - after_gwei) * DAY * BPS
    absence = absence_gwei_per_day * seconds
    return absence * LEAST_ABSENCE_BPS <= fall <= absence * MOST_ABSENCE_BPS
