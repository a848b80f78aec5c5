"""The accounts of a statement as data: what flows into each and out of it.

Every account begins with nothing, so it always holds the sum of its lines since the deployment.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto


class Flow(StrEnum):
    """What is summed, never negative but for OTHER ones and VESTED."""

    DEPOSITED = auto()
    BONDED = auto()
    INCOME = auto()
    LOST = auto()
    REDEEMED = auto()
    REQUESTED = auto()
    FINALISED = auto()
    CLAIMED = auto()
    VESTED = auto()

    FEES = auto()
    FEES_TREASURY = auto()
    FEES_OPERATORS = auto()
    FEES_INSURANCE = auto()
    FROM_REWARDS_VAULT = auto()

    LOST_BONDS = auto()
    LOST_STREAM = auto()
    LOST_INSURANCE = auto()
    LOST_HOLDERS = auto()
    LOST_TICKETS = auto()

    SHARES_DEPOSITED = auto()
    SHARES_BONDED = auto()
    SHARES_FEES = auto()
    SHARES_REQUESTED = auto()
    SHARES_REDEEMED = auto()
    SHARES_BONDS_BURNED = auto()
    SHARES_COVER_BURNED = auto()

    UNITS_WRAPPED = auto()
    UNITS_UNWRAPPED = auto()

    FUND_FEES = auto()
    FUND_INSTANT = auto()
    FUND_JOINED = auto()
    FUND_LEFT = auto()
    FUND_COVERED = auto()
    FUND_OTHER = auto()

    BOND_STAKED = auto()
    BOND_PAID = auto()
    BOND_COVERED = auto()
    BOND_OTHER = auto()

    FORFEITED = auto()
    FORFEIT_USED = auto()

    OPERATORS_FEES = auto()
    OPERATORS_OTHER = auto()
    OPERATORS_CLAIMED = auto()


class Unit(Enum):
    """What an amount is of, and how many of its last digits are decimals."""

    WEI = ("wei", "ETH", 18)
    WKETH = ("wkETH units", "wkETH", 18)
    SHARES = ("shares", "wkETH", 27)

    def __init__(self, smallest: str, shown: str, decimals: int) -> None:
        self.smallest = smallest
        self.shown = shown
        self.decimals = decimals


@dataclass(frozen=True)
class Line:
    """A flow into an account, or with sign -1 out of it."""

    text: str
    flow: Flow
    sign: int = 1


@dataclass(frozen=True)
class Account:
    """`name` is for programs, `title` for people."""

    name: str
    title: str
    unit: Unit
    lines: tuple[Line, ...]

    def balance(self, sums: Mapping[Flow, int]) -> int:
        """What it holds when so much has flowed."""
        return sum(line.sign * sums.get(line.flow, 0) for line in self.lines)


ETHER = Account(
    "ether",
    "All ether of holders and tickets (A + Q)",
    Unit.WEI,
    (
        Line("deposits", Flow.DEPOSITED),
        Line("operators' 1 ETH a validator, for their bonds", Flow.BONDED),
        Line("income by reports", Flow.INCOME),
        Line("losses by reports", Flow.LOST, -1),
        Line("redeemed at once", Flow.REDEEMED, -1),
        Line("finalised for tickets", Flow.FINALISED, -1),
    ),
)
UNVESTED = Account(
    "unvested",
    "Income that is not paid out yet (U)",
    Unit.WEI,
    (
        Line("income by reports", Flow.INCOME),
        Line("fees", Flow.FEES, -1),
        Line("losses that it bore", Flow.LOST_STREAM, -1),
        Line("paid out to holders over time", Flow.VESTED, -1),
    ),
)
HOLDERS = Account(
    "holders",
    "Holders' ether, the supply of kETH (V)",
    Unit.WEI,
    (
        Line("deposits", Flow.DEPOSITED),
        Line("operators' 1 ETH a validator, for their bonds", Flow.BONDED),
        Line("rewards paid out over time", Flow.VESTED),
        Line("fees, as new kETH", Flow.FEES),
        Line("requested as tickets", Flow.REQUESTED, -1),
        Line("redeemed at once", Flow.REDEEMED, -1),
        Line("losses that forfeited bonds bore", Flow.LOST_BONDS, -1),
        Line("losses that the insurance bore", Flow.LOST_INSURANCE, -1),
        Line("losses that holders bore", Flow.LOST_HOLDERS, -1),
    ),
)
TICKETS = Account(
    "tickets",
    "Ether owed to tickets that wait (Q)",
    Unit.WEI,
    (
        Line("requested", Flow.REQUESTED),
        Line("losses that tickets bore", Flow.LOST_TICKETS, -1),
        Line("finalised", Flow.FINALISED, -1),
    ),
)
PAYOUTS = Account(
    "payouts",
    "Ether of finalised tickets that nobody has claimed yet",
    Unit.WEI,
    (Line("finalised", Flow.FINALISED), Line("claimed", Flow.CLAIMED, -1)),
)
SHARES = Account(
    "shares",
    "Shares (S)",
    Unit.SHARES,
    (
        Line("for deposits", Flow.SHARES_DEPOSITED),
        Line("for bonds", Flow.SHARES_BONDED),
        Line("for fees", Flow.SHARES_FEES),
        Line("burned for tickets", Flow.SHARES_REQUESTED, -1),
        Line("burned by redemptions at once", Flow.SHARES_REDEEMED, -1),
        Line("burned of forfeited bonds", Flow.SHARES_BONDS_BURNED, -1),
        Line("burned of the insurance", Flow.SHARES_COVER_BURNED, -1),
    ),
)
WRAPPED = Account(
    "wrapped",
    "Supply of wkETH",
    Unit.WKETH,
    (Line("wrapped or minted", Flow.UNITS_WRAPPED), Line("unwrapped", Flow.UNITS_UNWRAPPED, -1)),
)
INSURANCE = Account(
    "insurance",
    "Insurance fund",
    Unit.WKETH,
    (
        Line("part of the fees", Flow.FUND_FEES),
        Line("fees of redemptions at once", Flow.FUND_INSTANT),
        Line("underwriters paid in", Flow.FUND_JOINED),
        Line("underwriters took out", Flow.FUND_LEFT, -1),
        Line("paid for losses", Flow.FUND_COVERED, -1),
        Line("gifts and other transfers", Flow.FUND_OTHER),
    ),
)
BONDS = Account(
    "bonds",
    "Operators' bonds",
    Unit.WKETH,
    (
        Line("for staked validators", Flow.BOND_STAKED),
        Line("paid back to operators", Flow.BOND_PAID, -1),
        Line("paid for losses", Flow.BOND_COVERED, -1),
        Line("gifts and other transfers", Flow.BOND_OTHER),
    ),
)
FORFEIT = Account(
    "forfeit",
    "Of these, forfeited by slashings",
    Unit.WKETH,
    (Line("forfeited", Flow.FORFEITED), Line("paid for losses", Flow.FORFEIT_USED, -1)),
)
OPERATORS = Account(
    "operators",
    "Operators' part of the fees that nobody has claimed yet",
    Unit.SHARES,
    (
        Line("part of the fees", Flow.OPERATORS_FEES),
        Line("claimed", Flow.OPERATORS_CLAIMED, -1),
        Line("gifts", Flow.OPERATORS_OTHER),
    ),
)
ACCOUNTS = (
    ETHER,
    HOLDERS,
    UNVESTED,
    TICKETS,
    PAYOUTS,
    SHARES,
    WRAPPED,
    INSURANCE,
    BONDS,
    FORFEIT,
    OPERATORS,
)
