"""Look into and steer Anvil's pool."""

from typing import Any

from eth_account.signers.local import LocalAccount

from keel.chain.rpc import RpcClient
from tests.unit.wallet.conftest import CHAIN_ID

RECEIVER = "0x000000000000000000000000000000000000bEEF"


def pooled(rpc: RpcClient) -> dict[int, str]:
    """Hash by nonce of everything that waits in the pool."""
    content = rpc.call("txpool_content")
    return {
        int(nonce): transaction["hash"]
        for kind in ("pending", "queued")
        for of_account in content[kind].values()
        for nonce, transaction in of_account.items()
    }


def send_elsewhere(rpc: RpcClient, account: LocalAccount, nonce: int, fee_wei: int) -> str:
    """Send with the same key from outside the sender; the tip is the whole fee."""
    fields: dict[str, Any] = {
        "type": 2,
        "chainId": CHAIN_ID,
        "nonce": nonce,
        "to": RECEIVER,
        "value": 7,
        "data": b"",
        "gas": 21_000,
        "maxFeePerGas": fee_wei,
        "maxPriorityFeePerGas": fee_wei,
    }
    signed = account.sign_transaction(fields)
    return str(rpc.call("eth_sendRawTransaction", "0x" + signed.raw_transaction.hex()))
