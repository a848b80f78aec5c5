"""Errors of accounts and transactions; each message is one line, without secrets."""

from keel.service.errors import ServiceError, SettingsError


class WalletError(ServiceError):
    """Base of every error that keel.wallet raises on purpose."""


class AccountError(SettingsError, WalletError):
    """A key cannot be opened with the files that the settings name."""


class JournalError(WalletError):
    """The journal on disk is damaged, or of another account or chain."""


class SenderBusyError(WalletError):
    """Another transaction of this account still waits; one goes at a time."""


class TooExpensiveError(WalletError):
    """The chain asks more for gas than the policy allows; nothing was signed."""

    def __init__(self, asked_wei: int, allowed_wei: int) -> None:
        super().__init__(
            f"gas costs {asked_wei / 10**9:.3f} gwei with tip, at most "
            f"{allowed_wei / 10**9:.3f} gwei"
        )
        self.asked_wei, self.allowed_wei = asked_wei, allowed_wei


class InsufficientFundsError(WalletError):
    """The account cannot pay for gas and value; nothing waits."""

    def __init__(self, address: str, balance_wei: int, needed_wei: int) -> None:
        super().__init__(f"{address} has {balance_wei} wei and may need {needed_wei} wei")
        self.address, self.balance_wei, self.needed_wei = address, balance_wei, needed_wei


class TransactionRefusedError(WalletError):
    """A node refuses the transaction itself; nothing waits.

    `data` holds the bytes of a revert, None when the cause is another.
    """

    def __init__(self, what: str, reason: str, data: bytes | None = None) -> None:
        super().__init__(f"{what} is refused: {reason}")
        self.what, self.reason, self.data = what, reason, data
