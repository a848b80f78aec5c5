"""What the story of the slashing takes for given, and what it finds."""

from dataclasses import dataclass

from keel.market.stories.watched import Alarms
from keel.model.constants import ETHER

SLASHED_OPERATOR = 0
"""All of its validators sign twice."""

POOL_SIDE_WEI = 60 * ETHER
LENT_WEI = 100 * ETHER
INSURED_WEI = 10 * ETHER
TICKET_WEI = 40 * ETHER
CAREFUL, DARING = "holder", "redeemer"
BORROWERS = {CAREFUL: 75, DARING: 93}
COLLATERAL_WEI = 20 * ETHER
SOLD_UNITS = 60 * ETHER
LEFT_UNITS = 30 * ETHER
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
class Penalties:
    """What the beacon chain took from the slashed validators, in gwei, and when, in slots.

    `counted` is what the first report expected of all of it, `left` what the last one still does.
    """

    slots_until_larger: int
    first_gwei: int
    larger_gwei: int
    taken_gwei: int
    left_gwei: int
    counted_gwei: int

    @property
    def duties_gwei(self) -> int:
        """Lost by duties that a slashed validator is not paid for."""
        return self.taken_gwei - self.first_gwei - self.larger_gwei

    @property
    def beyond_gwei(self) -> int:
        """What is taken or expected beyond what was counted at first."""
        return self.taken_gwei + self.left_gwei - self.counted_gwei


@dataclass(frozen=True, slots=True)
class View:
    """What can be seen at a stage: the vault's state, rate, feed and both prices in wei.

    `alarms` are those that a monitor raises.
    """

    when: str
    state: str
    rate_wei: int
    feed_wei: int
    is_fresh: bool
    stable_wei: int
    uniswap_wei: int
    alarms: Alarms


@dataclass(frozen=True, slots=True)
class Sell:
    """A liquidation: what was seized, paid, fetched by a sale at once, and left as bad debt."""

    borrower: str
    units: int
    paid_wei: int
    fetched_wei: int
    bad_wei: int


@dataclass(frozen=True, slots=True)
class Slashing:
    """All of it. `at_stake_wei` is what each party had of wkETH, pools and loans before."""

    validators: int
    backing_wei: int
    parts: Parts
    penalties: Penalties
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
