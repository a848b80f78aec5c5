"""What pools answer to a raw transaction, by their wording: JSON-RPC has no codes for it."""

import re
from enum import Enum

from keel.chain.errors import RpcError


class Refusal(Enum):
    """Why a pool did not take a transaction; those of several pools count in this order."""

    KNOWN = "it has the transaction already"
    NONCE_USED = "the nonce is used"
    UNDERPRICED = "it holds another transaction of this nonce, or asks a higher fee"
    BELOW_BASE_FEE = "the maximum fee is below the base fee"
    LATER = "it is full or behind, and may take the transaction later"
    UNKNOWN = "whether it has the transaction is unknown"
    FUNDS = "the account cannot pay for gas and value"
    INVALID = "no node can take the transaction"


_WORDINGS = {
    Refusal.KNOWN: (
        r"\balready ?known",
        r"already imported",
        r"already in the (tx|mem)pool",
        r"\bknown transaction",
        r"existing txn with same hash",
    ),
    Refusal.NONCE_USED: (r"nonce( is |_| )too[ _]low", r"oldnonce"),
    Refusal.UNDERPRICED: (
        r"underpriced",
        r"fee ?too ?low",
        r"could not replace",
        r"(price|not enough) to replace",
        r"replacement gas too low",
        r"replacementnotallowed",
        r"minimum gas price",
        r"below chain minimum",
    ),
    Refusal.BELOW_BASE_FEE: (
        r"less than block base fee",
        r"below (current )?base ?fee",
        r"cannot pay base ?fee",
    ),
    Refusal.LATER: (
        r"pool is full",
        r"pool size constraints",
        r"account limit exceeded",
        r"max amount of txs",
        r"spammer",
        r"nonce ?(too high|gap)",
        r"nonce is too distant",
        r"noncetoofarinfuture",
        r"future transaction tries to replace",
    ),
    Refusal.FUNDS: (
        r"insufficient ?(funds|balance)",
        r"upfront cost exceeds",
        r"overdraws from account",
    ),
    Refusal.INVALID: (
        r"intrinsic ?gas",
        r"exceeds block('s)? gas limit",
        r"gas limit (is )?too high",
        r"gaslimitexceeded",
        r"exceeds the configured cap",
        r"fee cap exceeded",
        r"invalid (sender|signature|transaction|chain ?id)",
        r"wrong chain ?id",
        r"sender ?(is|not)",
        r"transaction type",
        r"type not supported",
        r"oversized data",
        r"too (large|long)",
        r"rlptoolong",
        r"cannot be parsed|could not be parsed|failed to decode",
    ),
}


def refusal_of(error: RpcError) -> Refusal:
    """Classify a pool's answer; what is not understood may have been taken all the same."""
    message = error.message.lower()
    for refusal, wordings in _WORDINGS.items():
        if any(re.search(wording, message) for wording in wordings):
            return refusal
    return Refusal.UNKNOWN
