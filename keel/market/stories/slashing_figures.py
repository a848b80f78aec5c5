"""What the story of the slashing takes for given, and what it finds."""

from dataclasses import dataclass

from keel.model.constants import ETHER

PART = 10
"""One part of so many of all that backs shares and tickets is lost."""

SLASHED_OPERATORS = 2
POOL_SIDE_WEI = 150 * ETHER
LENT_WEI = 150 * ETHER
INSURED_WEI = 30 * ETHER
TICKET_WEI = 100 * ETHER
CAREFUL, DARING = "holder", "redeemer"
BORROWERS = {CAREFUL: 75, DARING: 93}
COLLATERAL_WEI = 20 * ETHER
SOLD_UNITS = 100 * ETHER
LEFT_UNITS = 50 * ETHER
"""What somebody who saw the slashing sells into the pools, and leaves to lenders."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Of the loss, as the vault's event has them, in wei."""

    loss_wei: int
    bonds_wei: int
    unvested_wei: int
    cover_wei: int
    holders_wei: int
    tickets_wei: int

    @property
    def sum_wei(self) -> int:
        """All parts together."""
        borne_wei = self.bonds_wei + self.unvested_wei + self.cover_wei
        return borne_wei + self.holders_wei + self.tickets_wei


@dataclass(frozen=True, slots=True)
class View:
    """What can be seen at a stage: the vault's state, and rate, feed and both prices in wei."""

    when: str
    state: str
    rate_wei: int
    feed_wei: int
    is_fresh: bool
    stable_wei: int
    uniswap_wei: int


@dataclass(frozen=True, slots=True)
class Sell:
    """A liquidation: what was seized, paid, and left as bad debt."""

    borrower: str
    units: int
    paid_wei: int
    bad_wei: int


@dataclass(frozen=True, slots=True)
class Slashing:
    """All of it. `at_stake_wei` is what each party had of wkETH, pools and loans before."""

    validators: int
    parts: Parts
    views: tuple[View, ...]
    liquidations: tuple[Sell, ...]
    sold_for_wei: int
    borrowed_wei: int
    refused: dict[str, str]
    at_stake_wei: dict[str, int]
    changes_wei: dict[str, int]
    kept_would_lose_wei: int

    @property
    def rounding_wei(self) -> int:
        """What the parties' losses are off the loss, since each worth is rounded down."""
        return self.parts.loss_wei + sum(self.changes_wei.values())
