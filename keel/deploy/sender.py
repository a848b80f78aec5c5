"""Who signs and sends a deployment: an account of Ape, or one that the node signs for."""

from dataclasses import dataclass
from typing import Protocol

from ape.api.accounts import AccountAPI
from ape.exceptions import ApeException
from requests.exceptions import RequestException
from web3.exceptions import Web3Exception

from keel.chain.rpc import RpcClient
from keel.chain.transaction import send_transaction
from keel.deploy.errors import SendingError


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
    """Any account of Ape, on the network that Ape is connected to."""

    account: AccountAPI

    @property
    def address(self) -> str:
        """Who sends."""
        return str(self.account.address)

    def send(self, to: str, data: bytes, value_wei: int = 0) -> Sent:
        """Raises SendingError."""
        ecosystem = self.account.provider.network.ecosystem
        transaction = ecosystem.create_transaction(
            sender=self.account.address, receiver=to, data=data, value=value_wei
        )
        try:
            receipt = self.account.call(transaction)
        except (ApeException, Web3Exception, RequestException, ValueError) as error:
            said = str(error).strip().partition("\n")[0] or type(error).__name__
            raise SendingError(f"the transaction to {to} failed: {said}") from error
        return Sent(receipt.txn_hash, receipt.block_number, receipt.gas_used)
