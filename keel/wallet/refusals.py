"""What pools answer to a raw transaction, by their wording: JSON-RPC has no codes for it."""

from enum import Enum

from keel.chain.errors import RpcError


class Refusal(Enum):
    """Why a pool did not take a transaction."""

    KNOWN = "it has the transaction already"
    NONCE_USED = "the nonce is used"
    UNDERPRICED = "it holds another transaction of this nonce, or asks a higher tip"
    BELOW_BASE_FEE = "the maximum fee is below the base fee"
    FUNDS = "the account cannot pay for gas and value"
    OTHER = "the transaction itself is not valid"


_WORDINGS = (
    (Refusal.KNOWN, ("already known", "alreadyknown", "already imported", "known transaction")),
    (Refusal.NONCE_USED, ("nonce too low", "nonce_too_low", "oldnonce", "nonce is too low")),
    (Refusal.UNDERPRICED, ("underpriced", "feetoolow", "not enough to replace")),
    (Refusal.BELOW_BASE_FEE, ("less than block base fee", "below base fee", "below basefee")),
    (Refusal.FUNDS, ("insufficient funds", "insufficientfunds", "upfront cost exceeds")),
)


def refusal_of(error: RpcError) -> Refusal:
    """Classify the answer of Geth, Nethermind, Besu, Erigon, Reth or Anvil."""
    message = error.message.lower()
    for refusal, wordings in _WORDINGS:
        if any(wording in message for wording in wordings):
            return refusal
    return Refusal.OTHER
