"""Transactions on a chain that mines one block a slot: wait for the slot."""

from keel.chain.abi import Abi
from keel.chain.revert import Reverted
from keel.chain.transaction import (
    TRANSACTION_GAS_CAP,
    Receipt,
    failure_cause,
    receipt_of,
    submit_transaction,
)
from keel.consensus.beacon.chain import BeaconChain


def include(
    chain: BeaconChain,
    sender: str,
    to: str | None,
    data: bytes = b"",
    *,
    value_wei: int = 0,
    gas: int = TRANSACTION_GAS_CAP,
    errors: Abi | None = None,
    most_slots: int = 32,
) -> Receipt:
    """Send from an unlocked account and go on until a slot's block holds the transaction.

    Raises Reverted with its cause, or NotReachedError after `most_slots`.
    """
    sent = submit_transaction(chain.rpc, sender, to, data, value_wei=value_wei, gas=gas)
    chain.step()
    chain.run_until(
        lambda ahead: receipt_of(ahead.rpc, sent) is not None, most_slots, what="inclusion"
    )
    receipt = receipt_of(chain.rpc, sent)
    if receipt is None or not receipt.succeeded:
        raise Reverted(failure_cause(chain.rpc, sent, errors), "transaction", sent)
    return receipt
