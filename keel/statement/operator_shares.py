"""kETH that somebody gave to the registry: it counts as operators' rewards too (OPR-5)."""

from keel.model.constants import SHARES_PER_UNIT, ZERO_ADDRESS
from keel.model.shares import to_shares_up
from keel.sight.event_index import Happened
from keel.statement.ether_books import EtherBooks


class OperatorShares:
    """Shares of gifts, from the log: SHR-8 says what each transfer moves."""

    def __init__(self, registry: str, wrapped: str) -> None:
        self._registry = registry
        self._wrapped = wrapped
        self._is_minted = False
        self._unwrapped = self._taken_for = 0
        self.given = 0

    def see(self, happened: Happened, before: EtherBooks) -> None:
        """Look at an event; the books are those before it."""
        given, was_minted = happened.inputs, self._is_minted
        self._is_minted = False
        match happened.contract, happened.name:
            case "wrapped", "Transfer":
                self._unwrapped = given["value"] * SHARES_PER_UNIT
            case "vault", "Transfer" if given["to"] == self._registry:
                self._is_minted = given["from"] == ZERO_ADDRESS
                self._taken_for = 0 if self._is_minted else self._moved(happened, before)
                self.given += self._taken_for
            case "vault", "Deposited" if given["receiver"] == self._registry and was_minted:
                self.given += given["shares"]
            case "vault", "TransferShares" if given["to"] == self._registry:
                # Its Transfer, which says no shares, came just before it.
                self.given += given["shares"] - self._taken_for

    def _moved(self, happened: Happened, before: EtherBooks) -> int:
        given = happened.inputs
        if given["from"] == self._wrapped:
            return self._unwrapped  # its burn of wkETH came just before it
        return to_shares_up(given["value"], before.shares, before.visible_wei(happened.time))
