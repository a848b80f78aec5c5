"""One account's key, journal and way to the pools: nothing is sent that is not written first."""

from pathlib import Path
from typing import Any

from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from keel.chain.errors import RpcError
from keel.chain.refusals import Refusal, refusal_of
from keel.chain.rpc import RpcClient
from keel.chain.state import BlockHead, genesis_hash
from keel.chain.transaction import Receipt, parse_receipt
from keel.wallet.errors import JournalError
from keel.wallet.fees import FeePolicy, Fees
from keel.wallet.journal import Attempt, Entry, Journal, read_journal, write_journal

_TRANSACTION_TYPE = 2  # EIP-1559


BURIED_BLOCKS = 64
"""A mined transaction is watched for so long: two epochs, after which a chain in order is final."""


class Outbox:
    """Signs, writes and broadcasts; when to do so is for the Sender.

    `said` is what a pool refused with last; `unclear` is set when that does not tell whether it
    took the transaction.
    """

    def __init__(
        self,
        rpc: RpcClient,
        account: LocalAccount,
        chain_id: int,
        policy: FeePolicy,
        path: Path,
    ) -> None:
        self.address = to_checksum_address(account.address)
        self.said = ""
        self.unclear: str | None = None
        self._rpc, self._account, self._policy, self._path = rpc, account, policy, path
        self._journal = read_journal(path, self.address, chain_id)
        self._is_of_chain = False

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The journal, by nonce."""
        return self._journal.entries

    def check_chain(self) -> None:
        """See once that the journal is of this chain: local chains share their id."""
        if self._is_of_chain:
            return
        genesis = genesis_hash(self._rpc)
        known = self._journal.genesis_hash
        if known is not None and known != genesis:
            raise JournalError(f"{self._path} is of another chain, whose first block is {known}")
        self._journal = self._journal.model_copy(update={"genesis_hash": genesis})
        self._is_of_chain = True

    def nonce(self, head: BlockHead) -> int:
        """How many transactions of the account the chain has at a head."""
        count = self._rpc.call("eth_getTransactionCount", self.address, hex(head.number))
        return int(count, 16)

    def receipt(self, entry: Entry) -> tuple[Receipt, str] | None:
        """Return the receipt of whichever attempt was mined, and the hash of its block."""
        for attempt in reversed(entry.attempts):
            answer = self._rpc.call("eth_getTransactionReceipt", attempt.transaction_hash)
            if answer is not None:
                return parse_receipt(answer), str(answer["blockHash"])
        return None

    def sign(self, entry: Entry, fees: Fees) -> Attempt:
        """Sign what an entry wants, at these fees; the chain id binds it to one chain (EIP-155)."""
        fields: dict[str, Any] = {
            "type": _TRANSACTION_TYPE,
            "chainId": self._journal.chain_id,
            "nonce": entry.nonce,
            "to": entry.to,
            "data": bytes.fromhex(entry.data),
            "value": entry.value_wei,
            "gas": entry.gas,
            "maxFeePerGas": fees.max_fee_wei,
            "maxPriorityFeePerGas": fees.priority_fee_wei,
        }
        transaction = self._account.sign_transaction(fields)
        return Attempt(
            raw="0x" + transaction.raw_transaction.hex(),
            transaction_hash="0x" + transaction.hash.hex(),
            max_fee_wei=fees.max_fee_wei,
            priority_fee_wei=fees.priority_fee_wei,
        )

    def signed_entry(
        self, to: str, data: bytes, value_wei: int, *, gas: int, what: str, head: BlockHead
    ) -> Entry:
        """A first attempt with the next nonce, at the fees of a head or the highest allowed."""
        fees = self._policy.first(head.base_fee_wei)
        if fees is None:
            fees = Fees(self._policy.max_fee_wei, self._policy.priority_fee_wei)
        after_ours = (entry.nonce + 1 for entry in self.entries)
        entry = Entry(
            nonce=max([self.nonce(head), *after_ours]),
            to=to,
            data=data.hex(),
            value_wei=value_wei,
            gas=gas,
            what=what,
            attempts=(),
        )
        return entry.model_copy(update={"attempts": (self.sign(entry, fees),)})

    def broadcast(self, attempt: Attempt) -> Refusal | None:
        """Hand it to the pools; None when one took it as new."""
        try:
            self._rpc.call("eth_sendRawTransaction", attempt.raw)
        except RpcError as error:
            self.said = error.message
            refusal = refusal_of(error)
            if refusal is Refusal.UNKNOWN:
                self.note_unclear()
            return refusal
        return None

    def keep(self, entry: Entry) -> None:
        """Put an entry into the journal, in place of that with its nonce."""
        self._write(self._journal.with_entry(entry))

    def forget(self, nonce: int) -> None:
        """Take an entry out of the journal."""
        self._write(self._journal.without(nonce))

    def forget_buried(self, head: BlockHead) -> None:
        """Forget what no reorg of a chain in order can take back."""
        for entry in self.entries:
            if entry.mined_block is not None and head.number - entry.mined_block > BURIED_BLOCKS:
                self.forget(entry.nonce)

    def _write(self, journal: Journal) -> None:
        write_journal(self._path, journal)
        self._journal = journal

    def entry(self, nonce: int) -> Entry | None:
        """The journal's entry with a nonce."""
        return next((entry for entry in self._journal.entries if entry.nonce == nonce), None)

    def offer(self, entry: Entry, head: BlockHead) -> Refusal | None:
        """Journal and broadcast, offering more as long as the pool holds a higher one."""
        while True:
            self.keep(entry)
            refusal = self.broadcast(entry.last)
            if refusal is not Refusal.UNDERPRICED:
                return refusal
            fees = self._policy.replacement(entry.last.fees, head.base_fee_wei)
            if fees is None:
                return refusal
            entry = with_attempt(entry, self.sign(entry, fees))

    def note_unclear(self) -> None:
        """Note that what the pool said does not tell whether it took the transaction."""
        self.unclear = f"whether a transaction was taken is unknown: {self.said}"


def mined(entry: Entry, receipt: Receipt, block_hash: str) -> Entry:
    """An entry with the block that has it."""
    update = {"mined_block": receipt.block_number, "mined_block_hash": block_hash}
    return entry.model_copy(update={**update, "missing_since_slot": None})


def with_attempt(entry: Entry, attempt: Attempt) -> Entry:
    """An entry with one more attempt."""
    return entry.model_copy(update={"attempts": (*entry.attempts, attempt)})
