"""All accounts of a statement, from events alone."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from keel.deploy.bindings import Bindings
from keel.model.constants import BPS, SHARES_PER_UNIT, ZERO_ADDRESS
from keel.model.shares import whole_units
from keel.model.stream import unvested_wei
from keel.model.yields import stream_apr_bps
from keel.sight.event_index import Happened
from keel.sight.key_lives import STAKED_MORE
from keel.sight.rebases import reported
from keel.statement.accounts import BONDS, HOLDERS, INSURANCE, SHARES, Flow
from keel.statement.ether_books import EtherBooks
from keel.statement.operator_shares import OperatorShares

NAMES = {
    "vault": (
        "Deposited",
        "RedeemedInstantly",
        "Rebased",
        "LossAbsorbed",
        "WoundDown",
        "Staked",
        "ModulesSet",
        "TermsSet",
        "Transfer",
        "TransferShares",
    ),
    "wrapped": ("Transfer",),
    "queue": ("TicketRequested", "TicketsFinalised", "IndexLowered", "TicketClaimed"),
    "oracle": ("ReportApplied",),
    "registry": ("KeyStaked", STAKED_MORE, "RewardsClaimed"),
    "bonds": ("BondForfeited", "BondPaid", "Covered"),
    "fund": ("Deposit", "Withdraw"),
}
"""Events that a statement needs, by field of Bindings."""
HOLDING = ("fund", "bonds", "registry")
"""Contracts whose own kETH and wkETH are accounts: transfers to and from them are needed too."""


@dataclass(frozen=True)
class Moment:
    """What had flowed by a time; `apr_bps` is what the stream paid a year then."""

    time: int
    began_at: int
    sums: Mapping[Flow, int]
    reports: int
    apr_bps: int

    @property
    def share_worth(self) -> tuple[int, int]:
        """V and S."""
        return HOLDERS.balance(self.sums), SHARES.balance(self.sums)


class Ledger:
    """Apply the events of NAMES in order, all since the deployment. Raises BooksDifferError."""

    def __init__(self, contracts: Bindings) -> None:
        self.ether = EtherBooks()
        self._bonds = contracts.bonds.address
        self._operators = OperatorShares(contracts.registry.address, contracts.wrapped.address)
        self.funds: tuple[str, ...] = ()
        self._held: Counter[str] = Counter()
        self._insurance_bps = 0

    @property
    def sums(self) -> Counter[Flow]:
        """What has flowed, but for VESTED and the OTHER flows, which follow from the rest."""
        return self.ether.sums

    def apply(self, happened: Happened) -> None:
        """Follow an event."""
        self._operators.see(happened, self.ether)
        fees_before_wei = self.sums[Flow.FEES]
        self.ether.apply(happened)
        match happened.contract, happened.name:
            case "vault", _:
                self._of_vault(happened, self.sums[Flow.FEES] - fees_before_wei)
            case "wrapped", _:
                self._move(happened)
            case "fund" | "bonds" | "registry", _:
                self._of_holding(happened)
            case "oracle", "ReportApplied":
                self.sums[Flow.FROM_REWARDS_VAULT] += happened.inputs[
                    "report"
                ].rewardsVaultBalanceWei

    def at(self, time: int, reports: int) -> Moment:
        """What has flowed by a time that is not before the last event's."""
        sums = Counter(self.sums)
        unvested = unvested_wei(self.ether.stream, time)
        sums[Flow.VESTED] = sums[Flow.INCOME] - sums[Flow.FEES] - sums[Flow.LOST_STREAM] - unvested
        sums[Flow.FUND_OTHER] = sum(self._held[f] for f in self.funds) - INSURANCE.balance(sums)
        sums[Flow.BOND_OTHER] = self._held[self._bonds] - BONDS.balance(sums)
        sums[Flow.OPERATORS_OTHER] = self._operators.given
        left = self.ether.stream.end - time
        apr_bps = stream_apr_bps(unvested, left, HOLDERS.balance(sums))
        return Moment(time, self.ether.began_at, sums, reports, apr_bps)

    def _of_vault(self, happened: Happened, fee_wei: int) -> None:
        given, sums = happened.inputs, self.sums
        match happened.name:
            case "Staked":
                sums[Flow.BOND_STAKED] += given["bondShares"] // SHARES_PER_UNIT
            case "RedeemedInstantly":
                sums[Flow.FUND_INSTANT] += given["sharesToFund"] // SHARES_PER_UNIT
            case "LossAbsorbed":
                sums[Flow.BOND_COVERED] += given["bondShares"] // SHARES_PER_UNIT
                sums[Flow.FUND_COVERED] += given["coverShares"] // SHARES_PER_UNIT
            case "WoundDown":
                sums[Flow.FROM_REWARDS_VAULT] += given["rewardsWei"]
            case "ModulesSet":
                self.funds = tuple(dict.fromkeys((*self.funds, given["modules"].fund)))
            case "TermsSet":
                self._insurance_bps = given["terms"].insuranceBps
            case "Rebased" if given["feeShares"]:
                self._share_fee(given["feeShares"], given["operatorShares"], fee_wei)

    def _share_fee(self, shares: int, operator_shares: int, fee_wei: int) -> None:
        """REP-5: the treasury has what rounding leaves."""
        sums = self.sums
        units = whole_units((shares - operator_shares) * self._insurance_bps // BPS)
        insurance_wei = units * SHARES_PER_UNIT * fee_wei // shares
        operators_wei = operator_shares * fee_wei // shares
        sums[Flow.FUND_FEES] += units
        sums[Flow.OPERATORS_FEES] += operator_shares
        sums[Flow.FEES_INSURANCE] += insurance_wei
        sums[Flow.FEES_OPERATORS] += operators_wei
        sums[Flow.FEES_TREASURY] += fee_wei - insurance_wei - operators_wei

    def _move(self, happened: Happened) -> None:
        """A transfer of wkETH."""
        giver, taker, units = (happened.inputs[name] for name in ("from", "to", "value"))
        self._held[giver] -= units
        self._held[taker] += units
        self.sums[Flow.UNITS_WRAPPED] += units * (giver == ZERO_ADDRESS)
        self.sums[Flow.UNITS_UNWRAPPED] += units * (taker == ZERO_ADDRESS)

    def _of_holding(self, happened: Happened) -> None:
        given, sums = happened.inputs, self.sums
        match happened.contract, happened.name:
            case "fund", "Deposit":
                sums[Flow.FUND_JOINED] += given["assets"]
            case "fund", "Withdraw":
                sums[Flow.FUND_LEFT] += given["assets"]
            case "bonds", "BondForfeited":
                sums[Flow.FORFEITED] += given["units"]
            case "bonds", "Covered":
                sums[Flow.FORFEIT_USED] += given["unitsPaid"]
            case "bonds", "BondPaid":
                sums[Flow.BOND_PAID] += given["units"]
            case "registry", "RewardsClaimed":
                sums[Flow.OPERATORS_CLAIMED] += given["shares"]


def moments(
    contracts: Bindings, events: Sequence[Happened], times: Sequence[int]
) -> Iterator[Moment]:
    """The moments just before some times, in order: what happens in that second comes after.

    Raises BooksDifferError.
    """
    ledger, later, reports = Ledger(contracts), iter(events), 0
    is_report = {id(event) for event in reported(_of_vault(events))}
    happened = next(later, None)
    for time in times:
        while happened is not None and happened.time < time:
            ledger.apply(happened)
            reports += id(happened) in is_report
            happened = next(later, None)
        yield ledger.at(time, reports)


def _of_vault(events: Iterable[Happened]) -> Iterator[Happened]:
    return (happened for happened in events if happened.contract == "vault")
