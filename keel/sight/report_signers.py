"""Who signed a report, from the transaction that posted it."""

from collections.abc import Mapping
from typing import Any

from keel.chain.abi import checksummed
from keel.deploy.contracts import AccountingOracle


def signers_of(
    oracle: AccountingOracle, sent: Mapping[str, Any], address: str
) -> tuple[str, ...] | None:
    """Signers of a transaction to the oracle at an address, which may be replaced by now.

    None when it went through another contract, or called something else.
    """
    submit = oracle.abi.function("submit", 4)
    data = bytes.fromhex(sent["input"][2:])
    to_oracle = sent["to"] is not None and checksummed(sent["to"]) == address
    if not to_oracle or data[:4] != submit.inputs.selector:
        return None
    _, _, signatures, _ = submit.inputs.decode(data[4:])
    return tuple(signature.signer for signature in signatures)
