"""Sign type-2 transactions (EIP-1559) with a local key."""

from typing import Any

from eth_account.signers.local import LocalAccount

from keel.wallet.fees import Fees
from keel.wallet.journal import Attempt, Entry

_TRANSACTION_TYPE = 2


def signed(account: LocalAccount, chain_id: int, entry: Entry, fees: Fees) -> Attempt:
    """Sign what an entry wants, at these fees; the chain id binds it to one chain (EIP-155)."""
    fields: dict[str, Any] = {
        "type": _TRANSACTION_TYPE,
        "chainId": chain_id,
        "nonce": entry.nonce,
        "to": entry.to,
        "data": bytes.fromhex(entry.data),
        "value": entry.value_wei,
        "gas": entry.gas,
        "maxFeePerGas": fees.max_fee_wei,
        "maxPriorityFeePerGas": fees.priority_fee_wei,
    }
    transaction = account.sign_transaction(fields)
    return Attempt(
        raw="0x" + transaction.raw_transaction.hex(),
        transaction_hash="0x" + transaction.hash.hex(),
        max_fee_wei=fees.max_fee_wei,
        priority_fee_wei=fees.priority_fee_wei,
    )
