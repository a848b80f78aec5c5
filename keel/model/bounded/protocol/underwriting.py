"""wkETH enters the insurance fund and leaves it.

FND-1: leaving needs an open window and the normal state; covering losses needs neither.
FND-2: amounts are those of ERC-4626, rounded against the underwriter.
"""

from dataclasses import replace

from keel.model import insurance
from keel.model.bounded.protocol.state import FUND, Protocol
from keel.model.errors import ERC4626ExceededMaxRedeem, ERC4626ExceededMaxWithdraw, ZeroShares
from keel.model.frames import Deed, is_open


def underwrite(world: Protocol, holder: str, receiver: str, units: int) -> tuple[Protocol, int]:
    """ERC-4626 deposit of wkETH; also return the fund's shares. Raises Refused."""
    shares = insurance.to_fund_shares_down(units, world.fund.supply, world.fund_units)
    if units and not shares:
        raise ZeroShares
    return _enter(world, holder, receiver, units, shares), shares


def underwrite_shares(
    world: Protocol, holder: str, receiver: str, shares: int
) -> tuple[Protocol, int]:
    """ERC-4626 mint; also return the units of wkETH paid. Raises Refused."""
    units = insurance.to_fund_units_up(shares, world.fund.supply, world.fund_units)
    return _enter(world, holder, receiver, units, shares), units


def start_cooldown(world: Protocol, now: int, underwriter: str, shares: int) -> Protocol:
    """Prepare to leave (FND-1); raises Refused."""
    opens = now + world.parameters.cooldown_seconds
    closes = opens + world.parameters.window_seconds
    fund = insurance.start_cooldown(world.fund, underwriter, shares, opens, closes)
    return replace(world, fund=fund)


def cancel_cooldown(world: Protocol, now: int, underwriter: str) -> Protocol:
    """Stay (FND-1); raises NoCooldown."""
    return replace(world, fund=insurance.cancel_cooldown(world.fund, underwriter, now))


def transfer_underwriting(
    world: Protocol, now: int, sender: str, receiver: str, shares: int
) -> Protocol:
    """Move the fund's shares; raises Refused."""
    return replace(world, fund=insurance.transfer(world.fund, sender, receiver, shares, now))


def max_leave_shares(world: Protocol, now: int, underwriter: str) -> int:
    """Shares that can be redeemed now (FND-1)."""
    if not is_open(Deed.UNDERWRITERS_EXIT, world.state(now)):
        return 0
    return world.fund.redeemable(underwriter, now)


def leave(
    world: Protocol, now: int, underwriter: str, receiver: str, shares: int
) -> tuple[Protocol, int]:
    """ERC-4626 redeem; also return the units of wkETH. Raises Refused."""
    most = max_leave_shares(world, now, underwriter)
    if shares > most:
        raise ERC4626ExceededMaxRedeem(underwriter, shares, most)
    units = insurance.to_fund_units_down(shares, world.fund.supply, world.fund_units)
    return _leave(world, underwriter, receiver, units, shares), units


def leave_with(
    world: Protocol, now: int, underwriter: str, receiver: str, units: int
) -> tuple[Protocol, int]:
    """ERC-4626 withdraw; also return the shares burned. Raises Refused."""
    supply, held = world.fund.supply, world.fund_units
    most_shares = max_leave_shares(world, now, underwriter)
    most = insurance.to_fund_units_down(most_shares, supply, held)
    if units > most:
        raise ERC4626ExceededMaxWithdraw(underwriter, units, most)
    shares = insurance.to_fund_shares_up(units, supply, held)
    return _leave(world, underwriter, receiver, units, shares), shares


def _enter(world: Protocol, holder: str, receiver: str, units: int, shares: int) -> Protocol:
    paid = world.debit_units(holder, units).credit_units(FUND, units)
    return replace(paid, fund=insurance.credit(world.fund, receiver, shares))


def _leave(world: Protocol, underwriter: str, receiver: str, units: int, shares: int) -> Protocol:
    paid = world.debit_units(FUND, units).credit_units(receiver, units)
    if not shares:
        return paid
    return replace(paid, fund=insurance.burn_cooled(world.fund, underwriter, shares))
