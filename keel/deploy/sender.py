"""Who signs and sends a deployment: an account of Ape, or one that the node signs for."""

import time
from dataclasses import dataclass
from typing import Protocol

from ape.api.accounts import AccountAPI
from ape.api.transactions import TransactionAPI
from ape.exceptions import ApeException

from keel.chain.errors import ChainError, RpcError
from keel.chain.rpc import RpcClient
from keel.chain.state import balance_wei, block_head, chain_id, nonce
from keel.chain.transaction import (
    TRANSACTION_GAS_CAP,
    await_receipt,
    send_transaction,
)
from keel.deploy.errors import SendingError
from keel.formatting.amounts import shown_ether

_USUAL_TIP_WEI = 10**9
"""Offered where the node cannot say what tips are usual."""

_RECEIPT_SECONDS = 180.0
_LONGEST_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Sent:
    """A mined transaction."""

    transaction_hash: str
    block_number: int
    gas_used: int


class Sender(Protocol):
    """Sends a transaction and returns when it is mined; raises when it fails."""

    @property
    def address(self) -> str:
        """Who sends."""

    def send(self, to: str, data: bytes, value_wei: int = 0) -> Sent:
        """Call `to` with ether."""


@dataclass(frozen=True, slots=True)
class NodeSender:
    """An account that the node signs for, as Anvil's."""

    rpc: RpcClient
    address: str

    def send(self, to: str, data: bytes, value_wei: int = 0) -> Sent:
        """Raises Reverted."""
        receipt = send_transaction(self.rpc, self.address, to, data, value_wei=value_wei)
        return Sent(receipt.transaction_hash, receipt.block_number, receipt.gas_used)


@dataclass(frozen=True, slots=True)
class ApeSender:
    """Any account of Ape, which only signs.

    Ape itself would ask for methods that some nodes do not have. What is asked here every node
    knows, and nothing is asked of the block `pending`, which hosted nodes may lack.
    """

    account: AccountAPI
    rpc: RpcClient

    @property
    def address(self) -> str:
        """Who sends."""
        return str(self.account.address)

    def send(self, to: str, data: bytes, value_wei: int = 0) -> Sent:
        """Raises SendingError."""
        try:
            return self._send(to, data, value_wei)
        except (ApeException, ChainError, ValueError) as error:
            said = str(error).strip().partition("\n")[0] or type(error).__name__
            raise SendingError(f"the transaction to {to} failed: {said}") from error

    def _send(self, to: str, data: bytes, value_wei: int) -> Sent:
        prepared = self._prepared(to, data, value_wei)
        signed = self.account.sign_transaction(prepared)
        if signed is None:
            raise SendingError(f"the transaction to {to} was not signed")
        raw = "0x" + signed.serialize_transaction().hex().removeprefix("0x")
        receipt = await_receipt(
            self.rpc,
            str(self.rpc.call("eth_sendRawTransaction", raw)),
            _RECEIPT_SECONDS,
            longest_pause_seconds=_LONGEST_PAUSE_SECONDS,
        )
        if not receipt.succeeded:
            raise SendingError(f"the transaction {receipt.transaction_hash} to {to} reverted")
        self._await_block(receipt.block_number + self._confirmations)
        return Sent(receipt.transaction_hash, receipt.block_number, receipt.gas_used)

    @property
    def _confirmations(self) -> int:
        """Blocks to wait for on top, as Ape's settings say for the network."""
        return int(self.account.provider.network.required_confirmations)

    def _prepared(self, to: str, data: bytes, value_wei: int) -> TransactionAPI:
        """The whole transaction, ready to be signed."""
        tip_wei = self._tip_wei()
        max_fee_wei = 2 * block_head(self.rpc).base_fee_wei + tip_wei
        gas = self._gas(to, data, value_wei)
        held_wei, needed_wei = balance_wei(self.rpc, self.address), value_wei + gas * max_fee_wei
        if held_wei < needed_wei:
            raise SendingError(
                f"{self.address} has {shown_ether(held_wei)} ETH, the transaction to {to} may cost "
                f"{shown_ether(needed_wei)} ETH"
            )
        transaction: TransactionAPI = self.account.provider.network.ecosystem.create_transaction(
            sender=self.account.address,
            receiver=to,
            data=data,
            value=value_wei,
            nonce=nonce(self.rpc, self.address),
            chain_id=chain_id(self.rpc),
            gas_limit=gas,
            max_fee=max_fee_wei,
            max_priority_fee=tip_wei,
        )
        return transaction

    def _tip_wei(self) -> int:
        try:
            return int(self.rpc.call("eth_maxPriorityFeePerGas"), 16)
        except RpcError:
            return _USUAL_TIP_WEI

    def _gas(self, to: str, data: bytes, value_wei: int) -> int:
        """Estimate with a quarter more, at most what EIP-7825 allows."""
        request = {"from": self.address, "to": to, "data": "0x" + data.hex()}
        request["value"] = hex(value_wei)
        estimate = int(self.rpc.call("eth_estimateGas", request, "latest"), 16)
        return min(estimate * 5 // 4, TRANSACTION_GAS_CAP)

    def _await_block(self, number: int) -> None:
        """Wait for a block, so that all nodes behind one address know what was sent."""
        deadline = time.monotonic() + _RECEIPT_SECONDS
        while time.monotonic() < deadline and block_head(self.rpc).number < number:
            time.sleep(_LONGEST_PAUSE_SECONDS)
