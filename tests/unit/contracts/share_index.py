"""An indexer's view of Keel: every holder's shares, from the log alone (SHR-8).

It reads no state. What a plain transfer moved follows from S, A and the stream, which the log
before it gave; what has a rounding of its own comes with an event that names the shares.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from keel.chain.abi import Event
from keel.model.constants import BPS, SHARES_PER_UNIT
from keel.model.shares import to_shares_up
from keel.model.stream import Stream, unvested_wei

ZERO_ADDRESS = "0x" + "0" * 40


@dataclass(frozen=True)
class Entry:
    """One event of the vault or of wkETH, with the time of its block."""

    contract: str
    event: Event
    timestamp: int

    def follows(self, other: "Entry") -> bool:
        """Whether it is of the same transaction."""
        return self.event.log.transaction_hash == other.event.log.transaction_hash


@dataclass
class ShareIndex:
    """Feed it the vault's and wkETH's events in the order of the log."""

    vault: str
    wrapped: str
    registry: str
    shares_of: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    total: int = 0
    assets_wei: int = 0
    stream: Stream = field(default_factory=lambda: Stream(0, 0, 1))
    treasury: str = ZERO_ADDRESS
    insurance_bps: int = 0

    def read(self, entries: Sequence[Entry]) -> None:
        """Take in a stretch of the log; no transaction's events may be torn apart."""
        readers: dict[tuple[str, str], Callable[[Entry, Entry | None], None]] = {
            (self.vault, "Transfer"): self._transfer,
            (self.vault, "TransferShares"): self._transfer_shares,
            (self.vault, "Deposited"): self._deposited,
            (self.vault, "Staked"): self._staked,
            (self.vault, "RedeemedInstantly"): self._redeemed,
            (self.vault, "Rebased"): self._rebased,
            (self.vault, "LossAbsorbed"): self._loss_absorbed,
            (self.vault, "TermsSet"): self._terms_set,
            (self.wrapped, "Deposit"): self._wrapped,
            (self.wrapped, "Withdraw"): self._unwrapped,
        }
        for entry, following in zip(entries, [*entries[1:], None], strict=True):
            reader = readers.get((entry.contract, entry.event.name))
            if reader is not None:
                reader(entry, following if following and following.follows(entry) else None)

    def visible_wei(self, now: int) -> int:
        """V."""
        return self.assets_wei - unvested_wei(self.stream, now)

    def _transfer(self, entry: Entry, following: Entry | None) -> None:
        """A plain transfer, or the burn for a ticket; all others are named by what follows."""
        sender, receiver, wei = entry.event.inputs.values()
        if sender == ZERO_ADDRESS or self.wrapped in (sender, receiver):
            return
        named = following.event.name if following else ""
        if named in ("TransferShares", "RedeemedInstantly"):
            return
        shares = to_shares_up(wei, self.total, self.visible_wei(entry.timestamp))
        self.shares_of[sender] -= shares
        if receiver == ZERO_ADDRESS:
            self.total -= shares
            self.assets_wei -= wei
        else:
            self.shares_of[receiver] += shares

    def _transfer_shares(self, entry: Entry, _: Entry | None) -> None:
        sender, receiver, shares = entry.event.inputs.values()
        self.shares_of[sender] -= shares
        self.shares_of[receiver] += shares

    def _deposited(self, entry: Entry, following: Entry | None) -> None:
        """For wkETH when that mints next."""
        deposited = entry.event.inputs
        minted = following is not None and following.contract == self.wrapped
        holder = self.wrapped if minted else deposited["receiver"]
        self.shares_of[holder] += deposited["shares"]
        self.total += deposited["shares"]
        self.assets_wei += deposited["assetsWei"]

    def _staked(self, entry: Entry, _: Entry | None) -> None:
        """Operators' ether becomes wkETH of their bonds (KEY-6)."""
        staked = entry.event.inputs
        self.shares_of[self.wrapped] += staked["bondShares"]
        self.total += staked["bondShares"]
        self.assets_wei += staked["bondWei"]

    def _redeemed(self, entry: Entry, _: Entry | None) -> None:
        redeemed = entry.event.inputs
        burned, given = redeemed["sharesBurned"], redeemed["sharesToFund"]
        self.shares_of[redeemed["holder"]] -= burned + given
        self.shares_of[self.wrapped] += given
        self.total -= burned
        self.assets_wei -= redeemed["paidWei"]

    def _rebased(self, entry: Entry, _: Entry | None) -> None:
        """Totals anew; the fee's shares by the event and the terms that hold (REP-5)."""
        rebased, now = entry.event.inputs, entry.timestamp
        self.total, self.assets_wei = rebased["sharesAfter"], rebased["assetsAfterWei"]
        seconds = rebased["streamSeconds"]
        self.stream = Stream(rebased["unvestedAfterWei"], now + seconds, seconds or 1)
        operators = rebased["operatorShares"]
        rest = rebased["feeShares"] - operators
        insured = rest * self.insurance_bps // BPS // SHARES_PER_UNIT * SHARES_PER_UNIT
        self.shares_of[self.wrapped] += insured
        self.shares_of[self.registry] += operators
        self.shares_of[self.treasury] += rest - insured

    def _loss_absorbed(self, entry: Entry, _: Entry | None) -> None:
        covers = entry.event.inputs
        self.shares_of[self.wrapped] -= covers["bondShares"] + covers["coverShares"]

    def _terms_set(self, entry: Entry, _: Entry | None) -> None:
        terms = entry.event.inputs["terms"]
        self.treasury = terms.treasury
        self.insurance_bps = terms.insuranceBps

    def _wrapped(self, entry: Entry, _: Entry | None) -> None:
        entered = entry.event.inputs
        self.shares_of[entered["sender"]] -= entered["shares"] * SHARES_PER_UNIT
        self.shares_of[self.wrapped] += entered["shares"] * SHARES_PER_UNIT

    def _unwrapped(self, entry: Entry, _: Entry | None) -> None:
        left = entry.event.inputs
        self.shares_of[self.wrapped] -= left["shares"] * SHARES_PER_UNIT
        self.shares_of[left["receiver"]] += left["shares"] * SHARES_PER_UNIT
