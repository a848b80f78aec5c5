"""Operators' bonds: wkETH worth 1 ETH for each 32 ETH when they were staked.

BND-1: a bond belongs in equal parts to what was neither released nor forfeit; the last part takes
what rounding left.
BND-2: what is released cools down by itself, key by key.
"""

from dataclasses import dataclass

from keel.model.registry_errors import BondLeaving, NothingToPay


@dataclass(frozen=True)
class Bond:
    """Units of wkETH, and the parts of 32 ETH that they belong to."""

    units: int = 0
    parts: int = 0


@dataclass(frozen=True)
class Leaving:
    """What a key's release took out of its operator's bond (BND-2)."""

    units: int = 0
    operator_id: int = 0
    payable_at: int = 0


def with_parts(bond: Bond, parts: int, units_each: int) -> Bond:
    """Add what a stake mints (KEY-6)."""
    return Bond(bond.units + parts * units_each, bond.parts + parts)


def take(bond: Bond, parts: int) -> tuple[Bond, int]:
    """Take the units of so many parts out of a bond (BND-1)."""
    units = bond.units * parts // bond.parts
    return Bond(bond.units - units, bond.parts - parts), units


def payable_units(leaving: Leaving, root: bytes, now: int) -> int:
    """What has cooled down (BND-3); raises Refused."""
    if not leaving.units:
        raise NothingToPay(root)
    if now < leaving.payable_at:
        raise BondLeaving(root, leaving.payable_at, now)
    return leaving.units
