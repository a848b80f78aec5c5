"""What the story of the peg takes for given, and what it finds."""

from dataclasses import dataclass, field

from keel.market.stories.watched import Alarms
from keel.model.constants import ETHER

RATE, MARKET = "rate", "market"
"""The feeds of both markets of Morpho: the protocol's rate, and the lesser of it and the pool."""

SALE_HOURS = 12
SALE_UNITS = 20 * ETHER
"""What the large holder sells each hour."""

RUN_WEI = 25 * ETHER
"""What other holders ask tickets for each hour."""

POOL_SIDE_WEI = 150 * ETHER
LENT_WEI = 100 * ETHER
COLLATERAL_WEI = 20 * ETHER
BORROWERS = {"holder": 80, "underwriter": 90, "operator_manager_1": 93}
"""What each owes, as percent of its collateral at the rate, in both markets."""

CAPITAL_WEI = 100 * ETHER
STEP_WEI = 10 * ETHER
"""What traders have, and how much of it they use at a time."""

UNSTAKED_WEI = 200 * ETHER
"""What was deposited last, and no validator has yet: ether for instant redemption."""

EXIT_DAYS = 18
HURDLE_BPS = 1_000
"""How long validators take to exit, and what a buyer of tickets wants a year."""

NEW_WEI = 5 * ETHER
"""What newcomers bring a day: they buy in a pool while it is cheaper than the protocol."""

LOOK_DAYS = 3
MOST_DAYS = 60
PEGGED_WAD = ETHER * 998 // 1_000


@dataclass(frozen=True, slots=True)
class Moment:
    """Prices over the rate, feeds in wei of ether, and what is owed, at a moment of the story.

    `instant_wad` is 0 where nothing is redeemed at once. `short_wei` is, by feed, what debts are
    above what their collateral would fetch in the better pool, each sold alone. `alarms` are those
    of a monitor that watches the market with the rate feed.
    """

    seconds: int
    sold_units: int
    stable_wad: int
    uniswap_wad: int
    feed_wei: dict[str, int]
    instant_wad: int
    queue_wei: int
    short_wei: dict[str, int]
    alarms: Alarms

    @property
    def price_wad(self) -> int:
        """The better pool's."""
        return max(self.stable_wad, self.uniswap_wad)


@dataclass(frozen=True, slots=True)
class Liquidated:
    """A position that somebody else closed, and what it gained by that, sold in the pools."""

    borrower: str
    feed: str
    seconds: int
    debt_wei: int
    gain_wei: int


@dataclass(slots=True)
class Course:
    """One course of events: with instant redemption, or while it is paused.

    `changes_wei` has what each party has more in the end, wkETH at the rate.
    """

    has_instant: bool
    moments: list[Moment] = field(default_factory=list)
    liquidations: list[Liquidated] = field(default_factory=list)
    seller_wei: int = 0
    instant_units: int = 0
    instant_gain_wei: int = 0
    instant_fee_wei: int = 0
    ticket_units: int = 0
    ticket_gain_wei: int = 0
    attack_units: int = 0
    attack_gain_wei: int = 0
    refused_gain_wei: int = -(2**127)
    changes_wei: dict[str, int] = field(default_factory=dict)

    @property
    def lowest(self) -> Moment:
        """When the better pool's price was lowest."""
        return min(self.moments, key=lambda moment: moment.price_wad)

    @property
    def worst_short_wei(self) -> dict[str, int]:
        """The largest bad debt of any moment, by feed."""
        return {feed: max(each.short_wei[feed] for each in self.moments) for feed in (RATE, MARKET)}

    @property
    def back_days(self) -> int:
        """Days until the better pool was back at the peg, less two thousandths."""
        low = self.moments.index(self.lowest)
        back = next((m for m in self.moments[low:] if m.price_wad >= PEGGED_WAD), self.moments[-1])
        return back.seconds // 86_400


@dataclass(frozen=True, slots=True)
class Peg:
    """Both courses, from the same state."""

    with_instant: Course
    without: Course
