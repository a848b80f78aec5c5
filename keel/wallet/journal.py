"""What an account has signed, on disk before any node sees it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from keel.files.atomic_files import write_atomically
from keel.wallet.errors import JournalError
from keel.wallet.fees import Fees


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Attempt(_Record):
    """One signed transaction; several attempts share a nonce and differ in fees."""

    raw: str
    transaction_hash: str
    max_fee_wei: int
    priority_fee_wei: int

    @property
    def fees(self) -> Fees:
        """What it offers."""
        return Fees(self.max_fee_wei, self.priority_fee_wei)


class Entry(_Record):
    """One nonce: what it is to do, and all attempts at it, the highest offer last.

    `since_slot` is when the last attempt was first seen waiting. `missing_since_slot` is when the
    nonce was first found used without a receipt of ours.
    """

    nonce: int
    to: str
    data: str
    value_wei: int
    gas: int
    what: str
    attempts: tuple[Attempt, ...]
    since_slot: int | None = None
    missing_since_slot: int | None = None
    mined_block: int | None = None
    mined_block_hash: str | None = None

    @property
    def waits(self) -> bool:
        """Whether no block has it."""
        return self.mined_block is None

    @property
    def last(self) -> Attempt:
        """The attempt that offers most."""
        return self.attempts[-1]


class Journal(_Record):
    """All entries of one account on one chain, by nonce; mined ones stay until they are buried."""

    address: str
    chain_id: int
    genesis_hash: str | None = None
    entries: tuple[Entry, ...] = ()

    def with_entry(self, entry: Entry) -> "Journal":
        """Add an entry or take the place of the one with its nonce."""
        others = [each for each in self.entries if each.nonce != entry.nonce]
        entries = sorted([*others, entry], key=lambda each: each.nonce)
        return self.model_copy(update={"entries": tuple(entries)})

    def without(self, nonce: int) -> "Journal":
        """Leave out the entry of a nonce."""
        kept = tuple(each for each in self.entries if each.nonce != nonce)
        return self.model_copy(update={"entries": kept})


def read_journal(path: Path, address: str, chain_id: int) -> Journal:
    """Read it, empty if there is no file; raises JournalError if it is another's or damaged."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Journal(address=address, chain_id=chain_id)
    except OSError as error:
        raise JournalError(f"{path} cannot be read: {error.strerror}") from error
    try:
        journal = Journal.model_validate_json(content)
    except ValidationError:
        raise JournalError(f"{path} is damaged: move it away when no transaction waits") from None
    if (journal.address, journal.chain_id) != (address, chain_id):
        raise JournalError(
            f"{path} belongs to {journal.address} on chain {journal.chain_id}, "
            f"not to {address} on chain {chain_id}"
        )
    return journal


def write_journal(path: Path, journal: Journal) -> None:
    """Put it on disk whole; raises OSError, and then the previous journal stays."""
    write_atomically(path, journal.model_dump_json().encode())
