"""Shares and the ether they are worth.

SHR-1: a deposit mints the shares of its wei rounded down.
SHR-2: transfers and burns of wei move the shares rounded up; balances read rounded down.
SHR-4: moving shares by allowance spends their wei rounded up.
SHR-5: shares that become wkETH are whole units of 1e9.
"""

from keel.model.constants import SHARES_PER_UNIT
from keel.model.errors import Insolvent
from keel.model.rounding import ceil_div


def to_shares_down(assets_wei: int, total_shares: int, visible_wei: int) -> int:
    """Shares minted for a deposit (SHR-1); none when V is 0 (ACC-3)."""
    return 0 if visible_wei == 0 else assets_wei * total_shares // visible_wei


def to_shares_up(assets_wei: int, total_shares: int, visible_wei: int) -> int:
    """Shares that a transfer or burn of wei moves (SHR-2); raises Insolvent when V is 0 (ACC-3)."""
    if assets_wei == 0:
        return 0
    if visible_wei == 0:
        raise Insolvent(visible_wei, total_shares)
    return ceil_div(assets_wei * total_shares, visible_wei)


def to_assets_down(shares: int, total_shares: int, visible_wei: int) -> int:
    """Wei that a balance of shares reads (SHR-2)."""
    return shares * visible_wei // total_shares


def to_assets_up(shares: int, total_shares: int, visible_wei: int) -> int:
    """Allowance in wei that moving shares spends (SHR-4)."""
    return ceil_div(shares * visible_wei, total_shares)


def whole_units(shares: int) -> int:
    """Units of wkETH that these shares fill (SHR-5)."""
    return shares // SHARES_PER_UNIT
