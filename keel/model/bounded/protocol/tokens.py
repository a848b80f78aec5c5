"""kETH and wkETH change hands and form; nothing here moves S, A or U.

SHR-2: wei are moved as shares rounded up.
SHR-5: wrapping moves whole units only, so wkETH always holds a multiple of 1e9 shares.
SHR-6: kETH cannot be sent to wkETH, to the vault or to the zero address.
"""

from keel.model.bounded.protocol.state import WKETH, Protocol, check_receiver
from keel.model.constants import SHARES_PER_UNIT
from keel.model.errors import ERC20InsufficientBalance, ZeroShares
from keel.model.rounding import ceil_div
from keel.model.shares import whole_units


def transfer(
    world: Protocol, now: int, sender: str, receiver: str, assets_wei: int
) -> tuple[Protocol, int]:
    """Move kETH by wei; also return the shares moved. Raises Refused."""
    check_receiver(receiver)
    shares = world.accounts.to_shares_up(assets_wei, now)
    if shares > world.shares_of.get(sender, 0):
        raise ERC20InsufficientBalance(sender, world.balance_wei(sender, now), assets_wei)
    return world.move_shares(sender, receiver, shares), shares


def transfer_shares(
    world: Protocol, now: int, sender: str, receiver: str, shares: int
) -> tuple[Protocol, int]:
    """Move exactly these shares; also return their wei rounded down. Raises Refused."""
    check_receiver(receiver)
    return world.move_shares(sender, receiver, shares), world.accounts.to_assets_down(shares, now)


def transfer_wrapped(world: Protocol, sender: str, receiver: str, units: int) -> Protocol:
    """Move wkETH; raises Refused."""
    return world.debit_units(sender, units).credit_units(receiver, units)


def wrap(
    world: Protocol, now: int, holder: str, receiver: str, assets_wei: int
) -> tuple[Protocol, int]:
    """ERC-4626 deposit: wrap kETH worth at most `assets_wei`; also return the units."""
    units = whole_units(world.accounts.to_shares_down(assets_wei, now))
    if units == 0:
        raise ZeroShares(assets_wei)
    return _wrap_units(world, holder, receiver, units), units


def wrap_units(
    world: Protocol, now: int, holder: str, receiver: str, units: int
) -> tuple[Protocol, int]:
    """ERC-4626 mint: wrap exactly `units`; also return their wei, rounded up."""
    assets = world.accounts.to_assets_up(units * SHARES_PER_UNIT, now)
    return _wrap_units(world, holder, receiver, units), assets


def unwrap(
    world: Protocol, now: int, holder: str, receiver: str, units: int
) -> tuple[Protocol, int]:
    """ERC-4626 redeem: unwrap exactly `units`; also return their wei, rounded down."""
    assets = world.accounts.to_assets_down(units * SHARES_PER_UNIT, now)
    return _unwrap_units(world, holder, receiver, units), assets


def unwrap_assets(
    world: Protocol, now: int, holder: str, receiver: str, assets_wei: int
) -> tuple[Protocol, int]:
    """ERC-4626 withdraw: unwrap units worth at least `assets_wei`; also return the units."""
    units = ceil_div(world.accounts.to_shares_up(assets_wei, now), SHARES_PER_UNIT)
    return _unwrap_units(world, holder, receiver, units), units


def _wrap_units(world: Protocol, holder: str, receiver: str, units: int) -> Protocol:
    moved = world.move_shares(holder, WKETH, units * SHARES_PER_UNIT)
    return moved.credit_units(receiver, units)


def _unwrap_units(world: Protocol, holder: str, receiver: str, units: int) -> Protocol:
    burned = world.debit_units(holder, units)
    check_receiver(receiver)
    return burned.move_shares(WKETH, receiver, units * SHARES_PER_UNIT)
