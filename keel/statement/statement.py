"""What the protocol earned, paid and lost in a period, and what it holds before and after."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from keel.formatting.amounts import exact_amount, shown_rate
from keel.model.constants import BPS, SHARES_PER_WEI
from keel.model.yields import DECIMALS, growth, growth_apr, growth_apy
from keel.statement.accounts import ACCOUNTS, ETHER, Account, Flow, Line, Unit
from keel.statement.ledger import Moment

_SHOWN_WHOLE = 10**12


@dataclass(frozen=True)
class Statement:
    """A period from one moment to another; it ends just before `closing.time`."""

    opening: Moment
    closing: Moment

    def amount(self, flow: Flow) -> int:
        """What flowed in the period."""
        return self.closing.sums.get(flow, 0) - self.opening.sums.get(flow, 0)

    def opened_with(self, account: Account) -> int:
        """What an account held when the period began."""
        return account.balance(self.opening.sums)

    def closed_with(self, account: Account) -> int:
        """What it held when the period ended."""
        return account.balance(self.closing.sums)

    @property
    def seconds(self) -> int:
        """The period's time in which Keel was there."""
        return max(0, self.closing.time - max(self.opening.time, self.closing.began_at))

    @property
    def growth(self) -> Decimal:
        """How much more a share is worth at the end; the first one was worth 1e-9 wei."""
        before = self.opening.share_worth
        return growth(before if all(before) else (1, SHARES_PER_WEI), self.closing.share_worth)


@dataclass(frozen=True)
class Row:
    """One row for terminal, file and page; `amount` in the unit's smallest part."""

    text: str
    amount: int
    unit: Unit
    is_sum: bool = False


@dataclass(frozen=True)
class Section:
    """Rows under a title; the rows of an account run from its opening to its closing balance."""

    name: str
    title: str
    rows: tuple[Row, ...]


RESULT = (
    Line("income by reports", Flow.INCOME),
    Line("  of it from RewardsVault (fees of blocks, MEV)", Flow.FROM_REWARDS_VAULT),
    Line("losses by reports", Flow.LOST, -1),
    Line("  of it borne by forfeited bonds", Flow.LOST_BONDS, -1),
    Line("  of it borne by income not paid out yet", Flow.LOST_STREAM, -1),
    Line("  of it paid by the insurance", Flow.LOST_INSURANCE, -1),
    Line("  of it borne by holders", Flow.LOST_HOLDERS, -1),
    Line("  of it borne by tickets", Flow.LOST_TICKETS, -1),
    Line("fees", Flow.FEES),
    Line("  of it to the treasury", Flow.FEES_TREASURY),
    Line("  of it to operators", Flow.FEES_OPERATORS),
    Line("  of it to the insurance", Flow.FEES_INSURANCE),
    Line("rewards paid out to holders over time", Flow.VESTED),
)
"""Income, losses and fees; what a line is a part of comes before it."""


def tables(statement: Statement) -> Iterator[Section]:
    """Income, losses and fees first, then every account."""
    rows = (Row(each.text, each.sign * statement.amount(each.flow), Unit.WEI) for each in RESULT)
    yield Section("result", "Income, losses, fees", tuple(rows))
    for account in ACCOUNTS:
        yield Section(account.name, account.title, tuple(_rows(statement, account)))


def _rows(statement: Statement, account: Account) -> Iterator[Row]:
    unit = account.unit
    yield Row("opening", statement.opened_with(account), unit, is_sum=True)
    for line in account.lines:
        yield Row(line.text, line.sign * statement.amount(line.flow), unit)
    yield Row("closing", statement.closed_with(account), unit, is_sum=True)


@dataclass(frozen=True)
class Index:
    """A figure of the whole; `name` is for programs."""

    name: str
    text: str
    value: str
    unit: str = ""


def indices(statement: Statement) -> Iterator[Index]:
    """TVL, rate, APR and APY. TVL is A + Q, which is B + C + P (ACC-1)."""
    opening, closing = statement.opening, statement.closing
    apr = growth_apr(statement.growth, statement.seconds)
    apy = growth_apy(statement.growth, statement.seconds)
    for name, when, moment in (("opening", "beginning", opening), ("closing", "end", closing)):
        tvl = exact_amount(ETHER.balance(moment.sums), Unit.WEI.decimals)
        yield Index(f"tvl_{name}", f"TVL at the {when}", tvl, "ETH")
    for name, when, moment in (("opening", "beginning", opening), ("closing", "end", closing)):
        rate = shown_rate(*moment.share_worth)
        yield Index(f"rate_{name}", f"one wkETH at the {when}", rate, "ETH")
    yield Index("apr", "APR of the period", _percent(apr), "%")
    yield Index("apy", "APY, if it goes on so", _percent(apy), "%")
    stream_apr = Decimal(closing.apr_bps) / BPS
    yield Index("stream_apr", "APR of the stream at the end", _percent(stream_apr), "%")
    yield Index("reports", "reports", str(closing.reports - opening.reports))


def _percent(part: Decimal) -> str:
    """Two decimals; a small local chain's APY may have thousands of digits."""
    value = part.scaleb(2, DECIMALS)
    return f"{value:.2f}" if abs(value) < _SHOWN_WHOLE else f"{value:.3e}"
