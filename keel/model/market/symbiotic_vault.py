"""A vault of Symbiotic, version 1: what a deposit, a withdrawal and a slashing change.

Amounts are units of the collateral; epochs count from the vault's beginning.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from keel.model.rounding import ceil_div


@dataclass(frozen=True)
class Withdrawals:
    """What leaves at the end of an epoch, and the shares of it."""

    units: int = 0
    shares: int = 0


@dataclass(frozen=True)
class SymbioticVault:
    """Active stake and shares, and the withdrawals of each epoch."""

    stake: int = 0
    shares: int = 0
    withdrawals: Mapping[int, Withdrawals] = field(default_factory=dict)

    def leaving(self, epoch: int) -> Withdrawals:
        """Withdrawals of an epoch."""
        return self.withdrawals.get(epoch, Withdrawals())


def to_shares_down(units: int, all_units: int, all_shares: int) -> int:
    """Shares that units buy, active ones or of withdrawals."""
    return units * (all_shares + 1) // (all_units + 1)


def to_units_down(shares: int, all_units: int, all_shares: int) -> int:
    """Units that shares are worth, active ones or of withdrawals."""
    return shares * (all_units + 1) // (all_shares + 1)


def to_units_up(shares: int, all_units: int, all_shares: int) -> int:
    """Units that buy at least these shares."""
    return ceil_div(shares * (all_units + 1), all_shares + 1)


def deposit(vault: SymbioticVault, units: int) -> tuple[SymbioticVault, int]:
    """Add to the active stake and return the shares credited."""
    shares = to_shares_down(units, vault.stake, vault.shares)
    return replace(vault, stake=vault.stake + units, shares=vault.shares + shares), shares


def redeem(vault: SymbioticVault, shares: int, epoch: int) -> tuple[SymbioticVault, int, int]:
    """Move active shares, in this epoch, into the withdrawals of the next one.

    Returns the units moved and the withdrawal shares credited.
    """
    units = to_units_down(shares, vault.stake, vault.shares)
    leaving = vault.leaving(epoch + 1)
    credited = to_shares_down(units, leaving.units, leaving.shares)
    changed = replace(vault, stake=vault.stake - units, shares=vault.shares - shares)
    grown = Withdrawals(leaving.units + units, leaving.shares + credited)
    return _with(changed, {epoch + 1: grown}), units, credited


def slash(
    vault: SymbioticVault, units: int, captured: int, epoch: int
) -> tuple[SymbioticVault, int]:
    """Take units, in this epoch, from what was at stake in `captured`, this one or the one before.

    What was at stake is still active or leaves at the end of `captured + 1` or of the epoch after
    the present one. Returns what was taken.
    """
    following = vault.leaving(epoch + 1)
    ending = vault.leaving(epoch) if captured < epoch else Withdrawals()
    whole = vault.stake + ending.units + following.units
    taken = min(units, whole)
    if not taken:
        return vault, 0
    from_stake = taken * vault.stake // whole
    if captured == epoch:
        left = Withdrawals(following.units - (taken - from_stake), following.shares)
        return _with(replace(vault, stake=vault.stake - from_stake), {epoch + 1: left}), taken
    from_following = taken * following.units // whole
    # Rounding can ask for more of the ending withdrawals than there is.
    from_ending = min(ending.units, taken - from_stake - from_following)
    from_following = taken - from_stake - from_ending
    return _with(
        replace(vault, stake=vault.stake - from_stake),
        {
            epoch: Withdrawals(ending.units - from_ending, ending.shares),
            epoch + 1: Withdrawals(following.units - from_following, following.shares),
        },
    ), taken


def _with(vault: SymbioticVault, changed: Mapping[int, Withdrawals]) -> SymbioticVault:
    return replace(vault, withdrawals={**vault.withdrawals, **changed})
