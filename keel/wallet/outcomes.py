"""What callers are told about their transactions."""

from dataclasses import dataclass
from enum import Enum

from keel.chain.transaction import Receipt
from keel.wallet.journal import Entry


class Outcome(Enum):
    """What became of a transaction."""

    MINED = "mined"
    FAILED = "mined, but reverted"
    REPLACED = "its nonce was used by another transaction of the account"
    DROPPED = "dropped by the pool and sent again; it still waits"
    REORGED = "its block was reverted; it is sent again and still waits"

    @property
    def waits_on(self) -> bool:
        """Whether the transaction is still to be mined."""
        return self in (Outcome.DROPPED, Outcome.REORGED)


@dataclass(frozen=True, slots=True)
class Sent:
    """A signed transaction; `transaction_hash` is that of the last attempt, `hashes` has all."""

    nonce: int
    to: str
    what: str
    hashes: tuple[str, ...]
    max_fee_wei: int
    priority_fee_wei: int

    @property
    def transaction_hash(self) -> str:
        """Hash of the attempt that offers most."""
        return self.hashes[-1]


@dataclass(frozen=True, slots=True)
class Settled:
    """News of a transaction; the receipt names the attempt that was mined."""

    sent: Sent
    outcome: Outcome
    receipt: Receipt | None = None


def sent_of(entry: Entry) -> Sent:
    """Show an entry of the journal to callers."""
    return Sent(
        nonce=entry.nonce,
        to=entry.to,
        what=entry.what,
        hashes=tuple(attempt.transaction_hash for attempt in entry.attempts),
        max_fee_wei=entry.last.max_fee_wei,
        priority_fee_wei=entry.last.priority_fee_wei,
    )
