"""S, A, U and Q as the events make them (SHR-8): every amount exact to the wei.

Where an event says what the vault had before or has after it, the books must have the same.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from keel.chain.errors import ChainError
from keel.model.constants import RAY
from keel.model.queue import normalise_down, owed_up
from keel.model.stream import Stream, empty_stream, start_stream, unvested_wei
from keel.sight.event_index import Happened
from keel.statement.accounts import ETHER, SHARES, TICKETS, Flow


class BooksDifferError(ChainError):
    """Events do not add up to what the contracts say; the message has both and the difference."""


class EtherBooks:
    """Apply events in the order of the chain, from the deployment on. `sums` has every flow."""

    def __init__(self) -> None:
        self.sums: Counter[Flow] = Counter()
        self.stream: Stream = empty_stream(0)
        self.began_at = 0
        self._index = RAY
        self._claims = [0]  # normalised, of all tickets up to each
        self._finalised = 0

    @property
    def shares(self) -> int:
        """S."""
        return SHARES.balance(self.sums)

    @property
    def backing_wei(self) -> int:
        """A."""
        return ETHER.balance(self.sums) - TICKETS.balance(self.sums)

    def visible_wei(self, time: int) -> int:
        """V."""
        return self.backing_wei - unvested_wei(self.stream, time)

    def apply(self, happened: Happened) -> None:
        """Follow an event; those of no effect on these books pass. Raises BooksDifferError."""
        given, sums = happened.inputs, self.sums
        match happened.contract, happened.name:
            case "vault", "Deposited":
                self.began_at = self.began_at or happened.time
                sums[Flow.DEPOSITED] += given["assetsWei"]
                sums[Flow.SHARES_DEPOSITED] += given["shares"]
            case "vault", "Staked":
                sums[Flow.BONDED] += given["bondWei"]
                sums[Flow.SHARES_BONDED] += given["bondShares"]
            case "vault", "RedeemedInstantly":
                sums[Flow.REDEEMED] += given["paidWei"]
                sums[Flow.SHARES_REDEEMED] += given["sharesBurned"]
            case "vault", "Rebased":
                self._rebase(happened)
            case "vault", "LossAbsorbed":
                self._absorb(given)
            case "queue", "TicketRequested":
                self._request(given)
            case "queue", "IndexLowered":
                self._index = given["indexAfter"]
            case "queue", "TicketsFinalised":
                self._finalised = given["last"]
                sums[Flow.FINALISED] += given["amountWei"]
                self._require(happened, "wei owed to tickets", TICKETS.balance(sums), self.owed_wei)
            case "queue", "TicketClaimed":
                sums[Flow.CLAIMED] += given["paidWei"]

    @property
    def owed_wei(self) -> int:
        """Q by QUE-1, from the claims alone."""
        return owed_up(self._claims[-1] - self._claims[self._finalised], self._index)

    def _rebase(self, happened: Happened) -> None:
        given, sums = happened.inputs, self.sums
        visible_wei = self.visible_wei(happened.time)
        self._require(happened, "shares", self.shares, given["sharesBefore"])
        self._require(happened, "wei of holders", visible_wei, given["visibleBeforeWei"])
        sums[Flow.INCOME] += max(0, given["assetsAfterWei"] - self.backing_wei)
        if given["feeShares"]:  # STR-2: V grows by the fee only
            after_wei = given["assetsAfterWei"] - given["unvestedAfterWei"]
            sums[Flow.FEES] += after_wei - visible_wei
            sums[Flow.SHARES_FEES] += given["feeShares"]
        seconds = given["streamSeconds"]
        self.stream = start_stream(given["unvestedAfterWei"], happened.time, seconds)

    def _absorb(self, given: Mapping[str, Any]) -> None:
        sums = self.sums
        sums[Flow.LOST] += given["lossWei"]
        sums[Flow.LOST_BONDS] += given["bondWei"]
        sums[Flow.LOST_STREAM] += given["unvestedWei"]
        sums[Flow.LOST_INSURANCE] += given["coverWei"]
        sums[Flow.LOST_HOLDERS] += given["holdersWei"]
        sums[Flow.LOST_TICKETS] += given["ticketsWei"]
        sums[Flow.SHARES_BONDS_BURNED] += given["bondShares"]
        sums[Flow.SHARES_COVER_BURNED] += given["coverShares"]

    def _request(self, given: Mapping[str, Any]) -> None:
        """QUE-1: Q grows by the amount, or after a loss by 1 wei less; A falls by as much."""
        before_wei = self.owed_wei
        normalised = normalise_down(given["amountWei"], self._index)
        self._claims.append(self._claims[-1] + normalised)
        self.sums[Flow.REQUESTED] += self.owed_wei - before_wei
        self.sums[Flow.SHARES_REQUESTED] += given["sharesBurned"]

    @staticmethod
    def _require(happened: Happened, what: str, ours: int, theirs: int) -> None:
        if ours != theirs:
            raise BooksDifferError(
                f"at block {happened.event.log.block_number} the events add up to {ours} "
                f"{what}, the contracts say {theirs}, a difference of {theirs - ours:+}"
            )
