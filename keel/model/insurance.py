"""Underwriters' shares of the fund.

FND-1: to leave, underwriters start a cooldown for some of their shares; these are locked until the
window has ended and can be redeemed in the window only, while they bear losses throughout.
FND-2: the fund's numbers are those of OpenZeppelin's ERC-4626 with a decimals offset of 6.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from keel.model.constants import FUND_VIRTUAL_SHARES
from keel.model.errors import (
    CooldownAboveBalance,
    ERC20InsufficientBalance,
    NoCooldown,
    SharesLocked,
    ZeroShares,
)
from keel.model.rounding import ceil_div


@dataclass(frozen=True)
class Cooldown:
    """Shares that can be redeemed from `window_start` until just before `window_end`."""

    shares: int
    window_start: int
    window_end: int


@dataclass(frozen=True)
class Fund:
    """Underwriters' shares; the wkETH it holds is in the vault's world, not here."""

    shares_of: Mapping[str, int] = field(default_factory=dict)
    cooldowns: Mapping[str, Cooldown] = field(default_factory=dict)

    @property
    def supply(self) -> int:
        """All underwriters' shares."""
        return sum(self.shares_of.values())

    def locked(self, underwriter: str, now: int) -> int:
        """Shares that cannot be transferred (FND-1)."""
        cooldown = self.cooldowns.get(underwriter)
        return cooldown.shares if cooldown and now < cooldown.window_end else 0

    def redeemable(self, underwriter: str, now: int) -> int:
        """Shares whose window is open (FND-1); the vault's state must be normal too."""
        cooldown = self.cooldowns.get(underwriter)
        if not cooldown or not cooldown.window_start <= now < cooldown.window_end:
            return 0
        return min(cooldown.shares, self.shares_of.get(underwriter, 0))


def to_fund_shares_down(units: int, supply: int, fund_units: int) -> int:
    """Shares minted for wkETH (FND-2)."""
    return units * (supply + FUND_VIRTUAL_SHARES) // (fund_units + 1)


def to_fund_shares_up(units: int, supply: int, fund_units: int) -> int:
    """Shares burned to withdraw wkETH (FND-2)."""
    return ceil_div(units * (supply + FUND_VIRTUAL_SHARES), fund_units + 1)


def to_fund_units_down(shares: int, supply: int, fund_units: int) -> int:
    """Units of wkETH paid for shares (FND-2)."""
    return shares * (fund_units + 1) // (supply + FUND_VIRTUAL_SHARES)


def to_fund_units_up(shares: int, supply: int, fund_units: int) -> int:
    """Units of wkETH that minting shares costs (FND-2)."""
    return ceil_div(shares * (fund_units + 1), supply + FUND_VIRTUAL_SHARES)


def credit(fund: Fund, underwriter: str, shares: int) -> Fund:
    """Mint shares."""
    held = fund.shares_of.get(underwriter, 0)
    return replace(fund, shares_of={**fund.shares_of, underwriter: held + shares})


def start_cooldown(fund: Fund, underwriter: str, shares: int, window_start: int, end: int) -> Fund:
    """Start a cooldown, or start it again (FND-1); raises ZeroShares, CooldownAboveBalance."""
    if shares == 0:
        raise ZeroShares
    held = fund.shares_of.get(underwriter, 0)
    if shares > held:
        raise CooldownAboveBalance(shares, held)
    cooldown = Cooldown(shares, window_start, end)
    return replace(fund, cooldowns={**fund.cooldowns, underwriter: cooldown})


def cancel_cooldown(fund: Fund, underwriter: str, now: int) -> Fund:
    """Unlock; the underwriter stays one (FND-1). Raises NoCooldown."""
    if not fund.locked(underwriter, now):
        raise NoCooldown(underwriter)
    kept = {name: value for name, value in fund.cooldowns.items() if name != underwriter}
    return replace(fund, cooldowns=kept)


def transfer(fund: Fund, sender: str, receiver: str, shares: int, now: int) -> Fund:
    """Move shares that are not locked; raises ERC20InsufficientBalance, SharesLocked (FND-1)."""
    held = fund.shares_of.get(sender, 0)
    if shares > held:
        raise ERC20InsufficientBalance(sender, held, shares)
    locked = fund.locked(sender, now)
    if shares > held - locked:
        raise SharesLocked(sender, locked, fund.cooldowns[sender].window_end)
    less = replace(fund, shares_of={**fund.shares_of, sender: held - shares})
    return credit(less, receiver, shares)


def burn_cooled(fund: Fund, underwriter: str, shares: int) -> Fund:
    """Burn shares out of an open window; the caller has checked `redeemable`."""
    held = fund.shares_of[underwriter]
    cooldown = fund.cooldowns[underwriter]
    return Fund(
        {**fund.shares_of, underwriter: held - shares},
        {**fund.cooldowns, underwriter: replace(cooldown, shares=cooldown.shares - shares)},
    )
