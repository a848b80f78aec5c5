"""Send transactions of one account so that a kill, a spike or a reorg loses none of them."""

from dataclasses import asdict
from pathlib import Path

from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from keel.chain.errors import RpcError
from keel.chain.refusals import Refusal, refusal_of
from keel.chain.revert import cause_of
from keel.chain.rpc import RpcClient
from keel.chain.state import BlockHead, balance_wei, block_head
from keel.chain.transaction import TRANSACTION_GAS_CAP
from keel.service.logs import Log
from keel.service.sections import ServiceSettings
from keel.wallet.errors import (
    InsufficientFundsError,
    SenderBusyError,
    TooExpensiveError,
    TransactionRefusedError,
)
from keel.wallet.fees import FeePolicy
from keel.wallet.journal import Entry
from keel.wallet.outbox import Outbox, mined, with_attempt
from keel.wallet.outcomes import Outcome, Sent, Settled, sent_of

_JOURNAL_NAME = "transactions.json"


class Sender:
    """One account's transactions, one at a time, journalled before any node sees them.

    Call `tend` at every head and `submit` after it. `too_expensive`, `lacking` and `unclear` say,
    after either, why a transaction has to wait; callers show them as alarms. The folder of the
    journal must be owned by this process. Errors of nodes and disk pass to the caller; afterwards
    everything goes on from the journal. One sender serves one thread.
    """

    def __init__(
        self,
        rpc: RpcClient,
        account: LocalAccount,
        chain_id: int,
        policy: FeePolicy,
        journal_path: Path,
        *,
        log: Log | None = None,
    ) -> None:
        self.address = to_checksum_address(account.address)
        self.too_expensive: TooExpensiveError | None = None
        self.lacking: InsufficientFundsError | None = None
        self._rpc, self._policy, self._log = rpc, policy, log
        self._outbox = Outbox(rpc, account, chain_id, policy, journal_path)
        self._sent_at_slot: dict[int, int] = {}

    @property
    def unclear(self) -> str | None:
        """What a pool said of which nobody knows whether it took the transaction."""
        return self._outbox.unclear

    @property
    def waiting(self) -> tuple[Sent, ...]:
        """Transactions that no block has: none or one, more only after a reorg."""
        return tuple(sent_of(entry) for entry in self._outbox.entries if entry.waits)

    def submit(self, to: str, data: bytes, value_wei: int = 0, what: str = "transaction") -> Sent:
        """Sign, journal and broadcast; the same call again while it waits only broadcasts again.

        Raises SenderBusyError while another waits, TooExpensiveError, InsufficientFundsError or
        TransactionRefusedError (nothing waits after these), and RpcConnectionError or OSError.
        """
        self._outbox.unclear = None
        self._outbox.check_chain()
        to = to_checksum_address(to)
        wanted = (to, data.hex(), value_wei)
        for entry in self._outbox.entries:
            if entry.waits:
                if (entry.to, entry.data, entry.value_wei) != wanted:
                    raise SenderBusyError(f"{entry.what} with nonce {entry.nonce} still waits")
                self._outbox.broadcast(entry.last)
                return sent_of(entry)
        self.lacking = None
        gas = self._gas(to, data, value_wei, what)
        head = block_head(self._rpc)
        self._check_price(head)
        for _ in range(2):  # a second time when the nonce was used since the head that we read
            entry = self._outbox.signed_entry(to, data, value_wei, gas=gas, what=what, head=head)
            refusal = self._outbox.offer(entry, head)
            if refusal is not Refusal.NONCE_USED:
                break
            head = block_head(self._rpc)
            if self._outbox.nonce(head) <= entry.nonce:
                self._outbox.note_unclear()
                break
            self._outbox.forget(entry.nonce)
        entry = self._outbox.entry(entry.nonce) or entry
        self._raise_for(refusal, entry)
        self._say("transaction.sent", sent_of(entry))
        return sent_of(entry)

    def check_affordable(
        self, to: str, data: bytes, value_wei: int = 0, what: str = "transaction"
    ) -> None:
        """See whether `submit` would go through at this head; signs and sends nothing.

        Raises TooExpensiveError, InsufficientFundsError or TransactionRefusedError.
        """
        head = block_head(self._rpc)
        self._check_price(head)
        self.lacking = None
        self._check_funds(value_wei)
        gas = self._gas(to_checksum_address(to), data, value_wei, what)
        fees = self._policy.first(head.base_fee_wei)
        self._check_funds(value_wei + (0 if fees is None else gas * fees.max_fee_wei))

    def tend(self, head_slot: int) -> list[Settled]:
        """Look after all that was sent, once at each head; `head_slot` measures patience.

        Finds what was mined, replaced, dropped or taken back by a reorg, sends again, and offers
        more after `patience_slots`. Raises RpcError, RpcConnectionError or OSError.
        """
        self.too_expensive = self.lacking = self._outbox.unclear = None
        if not self._outbox.entries:
            return []
        self._outbox.check_chain()
        head = block_head(self._rpc)
        news = self._look_for_reorg()
        used = self._outbox.nonce(head)
        for entry in [each for each in self._outbox.entries if each.waits]:
            found = (
                self._settle(entry, head_slot)
                if used > entry.nonce
                else self._urge(entry, head, head_slot)
            )
            if found is not None:
                news.append(found)
        self._outbox.forget_buried(head)
        for each in news:
            self._say(f"transaction.{each.outcome.name.lower()}", each.sent)
        return news

    # Submitting

    def _check_price(self, head: BlockHead) -> None:
        self.too_expensive = None
        if self._policy.first(head.base_fee_wei) is None:
            asked = head.base_fee_wei + self._policy.priority_fee_wei
            self.too_expensive = TooExpensiveError(asked, self._policy.max_fee_wei)
            raise self.too_expensive

    def _check_funds(self, needed_wei: int) -> None:
        if balance_wei(self._rpc, self.address) < needed_wei:
            self._lack(needed_wei)

    def _gas(self, to: str, data: bytes, value_wei: int, what: str) -> int:
        """Estimate with a quarter more, at most what EIP-7825 allows."""
        request = {
            "from": self.address,
            "to": to,
            "data": "0x" + data.hex(),
            "value": hex(value_wei),
        }
        try:
            estimate = int(self._rpc.call("eth_estimateGas", request, "latest"), 16)
        except RpcError as error:
            if cause_of(error) is None:
                refusal = refusal_of(error)
                if refusal is Refusal.FUNDS:
                    self._lack(value_wei)
                if refusal is not Refusal.INVALID:
                    raise  # the node failed
            raise TransactionRefusedError(what, error.message, error.data) from error
        if estimate > TRANSACTION_GAS_CAP:
            reason = f"it needs {estimate} gas, more than {TRANSACTION_GAS_CAP}"
            raise TransactionRefusedError(what, reason)
        return min(estimate * 5 // 4, TRANSACTION_GAS_CAP)

    def _raise_for(self, refusal: Refusal | None, entry: Entry) -> None:
        """Forget what no pool will take, and say why."""
        if refusal not in (Refusal.FUNDS, Refusal.INVALID):
            return
        self._outbox.forget(entry.nonce)
        if refusal is Refusal.FUNDS:
            self._lack(entry.value_wei + entry.gas * entry.last.max_fee_wei)
        raise TransactionRefusedError(entry.what, self._outbox.said)

    def _lack(self, needed_wei: int) -> None:
        self.lacking = InsufficientFundsError(
            self.address, balance_wei(self._rpc, self.address), needed_wei
        )
        raise self.lacking

    # Tending

    def _look_for_reorg(self) -> list[Settled]:
        """Find mined ones whose block is gone: one read as long as the newest is still mined."""
        in_blocks = [entry for entry in self._outbox.entries if not entry.waits]
        if not in_blocks:
            return []
        newest = max(in_blocks, key=lambda entry: entry.mined_block or 0)
        block = self._rpc.call("eth_getBlockByNumber", hex(newest.mined_block or 0), False)
        if block is not None and block["hash"] == newest.mined_block_hash:
            return []
        news = []
        for entry in in_blocks:
            found = self._outbox.receipt(entry)
            if found is not None:
                self._outbox.keep(mined(entry, *found))
                continue
            again = entry.model_copy(
                update={"mined_block": None, "mined_block_hash": None, "since_slot": None}
            )
            self._outbox.keep(again)
            news.append(Settled(sent_of(entry), Outcome.REORGED))
        return news

    def _settle(self, entry: Entry, head_slot: int) -> Settled | None:
        """Find whose transaction used the nonce.

        A node may show a block before its receipts, so only a later head without one of ours says
        that it was somebody else's.
        """
        found = self._outbox.receipt(entry)
        if found is not None:
            self._outbox.keep(mined(entry, *found))
            outcome = Outcome.MINED if found[0].succeeded else Outcome.FAILED
            return Settled(sent_of(entry), outcome, found[0])
        if entry.missing_since_slot is None:
            missing = entry.model_copy(update={"missing_since_slot": head_slot})
            self._outbox.keep(missing)
            return None
        if head_slot <= entry.missing_since_slot:
            return None
        self._outbox.forget(entry.nonce)
        return Settled(sent_of(entry), Outcome.REPLACED)

    def _urge(self, entry: Entry, head: BlockHead, head_slot: int) -> Settled | None:
        """Offer more when patience ends; else see that a pool has it, once a head."""
        if entry.since_slot is None or entry.missing_since_slot is not None:
            entry = entry.model_copy(update={"since_slot": head_slot, "missing_since_slot": None})
            self._outbox.keep(entry)
        since = head_slot if entry.since_slot is None else entry.since_slot
        if head_slot - since >= self._policy.patience_slots and self._offer_more(
            entry, head, head_slot
        ):
            return None
        if self._sent_at_slot.get(entry.nonce) == head_slot:
            return None
        known = self._rpc.call("eth_getTransactionByHash", entry.last.transaction_hash)
        refusal = self._outbox.broadcast(entry.last)
        self._sent_at_slot[entry.nonce] = head_slot
        if refusal is Refusal.FUNDS:
            self._note_lack(entry)
        was_dropped = known is None and refusal is None
        return Settled(sent_of(entry), Outcome.DROPPED) if was_dropped else None

    def _offer_more(self, entry: Entry, head: BlockHead, head_slot: int) -> bool:
        """Replace the waiting attempt; False when the policy forbids or funds are lacking."""
        fees = self._policy.replacement(entry.last.fees, head.base_fee_wei)
        if fees is None:
            asked = head.base_fee_wei + self._policy.priority_fee_wei
            if asked > entry.last.max_fee_wei:
                self.too_expensive = TooExpensiveError(asked, self._policy.max_fee_wei)
            return False
        more = with_attempt(entry, self._outbox.sign(entry, fees))
        more = more.model_copy(update={"since_slot": head_slot})
        refusal = self._outbox.offer(more, head)
        if refusal is Refusal.FUNDS:
            self._note_lack(more)
            kept = entry.model_copy(update={"since_slot": head_slot})
            self._outbox.keep(kept)
            return False
        self._sent_at_slot[entry.nonce] = head_slot
        dearer = self._outbox.entry(entry.nonce) or more
        self._say("transaction.replaced_by_dearer", sent_of(dearer))
        return True

    def _note_lack(self, entry: Entry) -> None:
        needed_wei = entry.value_wei + entry.gas * entry.last.max_fee_wei
        has_wei = balance_wei(self._rpc, self.address)
        self.lacking = InsufficientFundsError(self.address, has_wei, needed_wei)

    def _say(self, event: str, sent: Sent) -> None:
        if self._log is not None:
            self._log.info(event, **asdict(sent))


def open_sender(
    settings: ServiceSettings, rpc: RpcClient, account: LocalAccount, chain_id: int, log: Log
) -> Sender:
    """Open the sender of a service; raises JournalError."""
    journal_path = settings.data / _JOURNAL_NAME
    return Sender(rpc, account, chain_id, FeePolicy.of(settings.fees), journal_path, log=log)
