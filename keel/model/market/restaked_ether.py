"""rkETH: shares of one Symbiotic vault, and tickets of its withdrawals (RST).

The vault is part of the state, since others use it beside the token: `symbiotic_vault` has what
they do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from keel.model.errors import ERC20InsufficientBalance, Refused
from keel.model.market import symbiotic_vault as symbiotic
from keel.model.market.symbiotic_vault import SymbioticVault


@dataclass(eq=False)
class ZeroAssets(Refused):
    """RST-1."""


@dataclass(eq=False)
class WorthNothing(Refused):
    """RST-5."""

    shares: int


@dataclass(eq=False)
class NotClaimable(Refused):
    """RST-7; the contract names the time, the model the epoch."""

    ticket_id: int
    epoch: int


@dataclass(frozen=True)
class Ticket:
    """Withdrawal shares of an epoch."""

    owner: str
    epoch: int
    shares: int


@dataclass(frozen=True)
class RestakedEther:
    """Holders' shares and open tickets, over a vault."""

    vault: SymbioticVault
    shares_of: Mapping[str, int] = field(default_factory=dict)
    tickets: Mapping[int, Ticket] = field(default_factory=dict)
    last_ticket: int = 0

    @property
    def supply(self) -> int:
        """All holders' shares."""
        return sum(self.shares_of.values())

    def worth(self, shares: int) -> int:
        """Units that shares are worth (RST-2)."""
        return symbiotic.to_units_down(shares, self.vault.stake, self.vault.shares)

    def price_up(self, shares: int) -> int:
        """Units that minting shares costs (RST-1)."""
        return symbiotic.to_units_up(shares, self.vault.stake, self.vault.shares)

    def ticket_worth(self, ticket_id: int) -> int:
        """Units that an open ticket is worth (RST-6)."""
        ticket = self.tickets[ticket_id]
        leaving = self.vault.leaving(ticket.epoch)
        return symbiotic.to_units_down(ticket.shares, leaving.units, leaving.shares)


def deposit(state: RestakedEther, holder: str, units: int) -> tuple[RestakedEther, int]:
    """Deposit and return the shares minted (RST-1); raises ZeroAssets."""
    if not units:
        raise ZeroAssets
    vault, shares = symbiotic.deposit(state.vault, units)
    return _credit(replace(state, vault=vault), holder, shares), shares


def mint(state: RestakedEther, holder: str, shares: int) -> tuple[RestakedEther, int]:
    """Mint shares and return the units that they cost (RST-1); raises ZeroAssets."""
    units = state.price_up(shares)
    if not units:
        raise ZeroAssets
    vault, _ = symbiotic.deposit(state.vault, units)
    return _credit(replace(state, vault=vault), holder, shares), units


def request(state: RestakedEther, holder: str, shares: int, epoch: int) -> RestakedEther:
    """Burn shares for a ticket, the last one then (RST-5).

    Raises WorthNothing, ERC20InsufficientBalance.
    """
    if not state.worth(shares):
        raise WorthNothing(shares)
    held = state.shares_of.get(holder, 0)
    if shares > held:
        raise ERC20InsufficientBalance(holder, held, shares)
    vault, _, credited = symbiotic.redeem(state.vault, shares, epoch)
    ticket_id = state.last_ticket + 1
    return replace(
        _credit(state, holder, -shares),
        vault=vault,
        tickets={**state.tickets, ticket_id: Ticket(holder, epoch + 1, credited)},
        last_ticket=ticket_id,
    )


def claim(state: RestakedEther, ticket_id: int, epoch: int) -> tuple[RestakedEther, int]:
    """Close a ticket and return what it pays (RST-7); raises NotClaimable."""
    if state.tickets[ticket_id].epoch >= epoch:
        raise NotClaimable(ticket_id, state.tickets[ticket_id].epoch)
    left = {other: ticket for other, ticket in state.tickets.items() if other != ticket_id}
    return replace(state, tickets=left), state.ticket_worth(ticket_id)


def _credit(state: RestakedEther, holder: str, shares: int) -> RestakedEther:
    held = state.shares_of.get(holder, 0)
    return replace(state, shares_of={**state.shares_of, holder: held + shares})
