"""Operators' bonds: wkETH worth 1 ETH for each validator when it was staked.

BND-1: a bond belongs in equal parts to the validators that were not released.
BND-2: what has exited by the newest report is released and cools down; one release during another
joins it, and the time left is the mean of both, weighted by units.
"""

from dataclasses import dataclass, replace

from keel.model.registry_errors import BondLeaving, NothingToPay, NothingToRelease
from keel.model.rounding import ceil_div


@dataclass(frozen=True)
class Bond:
    """Units of wkETH; validators released of all that the operator ever had."""

    units: int = 0
    leaving_units: int = 0
    released: int = 0
    payable_at: int = 0


def release(
    bond: Bond, operator_id: int, exited: int, staked: int, *, now: int, cooldown_seconds: int
) -> Bond:
    """Let the part of exited validators cool down (BND-2); raises NothingToRelease."""
    if exited <= bond.released:
        raise NothingToRelease(operator_id, exited, bond.released)
    units = bond.units * (exited - bond.released) // (staked - bond.released)
    leaving_units = bond.leaving_units + units
    weighted = bond.leaving_units * max(0, bond.payable_at - now) + units * cooldown_seconds
    return Bond(bond.units - units, leaving_units, exited, now + ceil_div(weighted, leaving_units))


def payable_units(bond: Bond, operator_id: int, now: int) -> int:
    """What has cooled down (BND-3); raises Refused."""
    if not bond.leaving_units:
        raise NothingToPay(operator_id)
    if now < bond.payable_at:
        raise BondLeaving(operator_id, bond.payable_at, now)
    return bond.leaving_units


def paid(bond: Bond) -> Bond:
    """Nothing leaves any more."""
    return replace(bond, leaving_units=0)
