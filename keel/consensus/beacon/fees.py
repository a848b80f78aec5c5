"""Who receives a block's fees, and payments of a builder for its contents (MEV)."""

from dataclasses import dataclass, field

from keel.chain.rpc import RpcClient
from keel.chain.state import balance_wei, impersonate, set_balance_wei, stop_impersonating
from keel.chain.transaction import receipt_of, submit_transaction

DEFAULT_RECIPIENT = "0x000000000000000000000000000000000000fEe5"
BUILDER = "0x00000000000000000000000000000000B011de40"
"""Account that pays for MEV; its ether is made when it pays."""

_PAYMENT_GAS = 200_000
_MAX_FEE_PER_GAS_WEI = 2**64 - 1  # the highest base fee that Anvil can have


@dataclass
class Fees:
    """Fee recipients by public key, and what a builder pays for each block from now on."""

    default_recipient: str = DEFAULT_RECIPIENT
    recipients: dict[bytes, str] = field(default_factory=dict)
    mev_payment_wei: int = 0

    def recipient(self, pubkey: bytes) -> str:
        """Fee recipient of a proposer."""
        return self.recipients.get(pubkey, self.default_recipient)

    def send_fees_of(self, pubkeys: list[bytes], recipient: str) -> None:
        """Let these validators' priority fees and MEV go to an address, such as RewardsVault."""
        self.recipients |= dict.fromkeys(pubkeys, recipient)


def submit_mev_payment(rpc: RpcClient, recipient: str, amount_wei: int) -> str:
    """Put a builder's payment into the pool for the next block; returns its hash.

    It is an ordinary transaction without a tip, so it comes after those that pay one.
    """
    needed_wei = amount_wei + _PAYMENT_GAS * _MAX_FEE_PER_GAS_WEI
    set_balance_wei(rpc, BUILDER, max(needed_wei, balance_wei(rpc, BUILDER)))
    impersonate(rpc, BUILDER)
    try:
        return submit_transaction(
            rpc,
            BUILDER,
            recipient,
            value_wei=amount_wei,
            gas=_PAYMENT_GAS,
            max_fee_per_gas_wei=_MAX_FEE_PER_GAS_WEI,
        )
    finally:
        stop_impersonating(rpc, BUILDER)


def mev_was_paid(rpc: RpcClient, transaction_hash: str) -> bool:
    """Whether the recipient took the payment; a contract may refuse ether."""
    receipt = receipt_of(rpc, transaction_hash)
    return receipt is not None and receipt.succeeded
