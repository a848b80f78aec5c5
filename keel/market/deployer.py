"""Contracts and calls of one account, handed over together and waited for together.

On a chain with a block each slot, a system of fifty transactions takes a few slots and not fifty.
A contract's address follows from its code and its arguments (CREATE2), so what stands already is
not created again. No contract may take its creator for its owner: the creator is the deployment
proxy that all chains share.
"""

from dataclasses import dataclass
from typing import Any

from eth_utils.crypto import keccak

from keel.chain.abi import Abi
from keel.chain.contract import Contract
from keel.chain.revert import Reverted
from keel.chain.rpc import RpcClient
from keel.chain.state import runtime_code
from keel.chain.transaction import Receipt, await_receipt, failure_cause, submit_transaction
from keel.deploy.addresses import CREATE2_DEPLOYER, create2_address
from keel.deploy.artifacts import Artifact

_SALT = bytes(32)
_RECEIPT_SECONDS = 240.0
"""More than three slots of the longest."""


@dataclass(frozen=True, slots=True)
class _Sent:
    """A transaction that may not be mined yet."""

    transaction_hash: str
    what: str
    errors: Abi


class Deployer:
    """Sends from accounts that the node signs for; `account` is who sends unless told otherwise."""

    def __init__(self, rpc: RpcClient, account: str) -> None:
        self.rpc = rpc
        self.account = account
        self.gas_used = 0
        self.transactions = 0
        self._waiting: list[_Sent] = []
        self._created: set[str] = set()

    def create(self, artifact: Artifact, *arguments: Any, salt: bytes = _SALT) -> Contract:
        """Have a contract created unless it stands there already; usable once `settle` returned.

        Two contracts of the same code and arguments need two salts.
        """
        code = artifact.creation_code + artifact.abi.constructor.encode(arguments)
        address = create2_address(CREATE2_DEPLOYER, salt, bytes(keccak(code)))
        contract = Contract(self.rpc, address, artifact.abi)
        if contract.address not in self._created and not runtime_code(self.rpc, contract.address):
            self._send(CREATE2_DEPLOYER, salt + code, what=artifact.name, errors=artifact.abi)
        self._created.add(contract.address)
        return contract

    def call(
        self,
        contract: Contract,
        function: str,
        *arguments: Any,
        value_wei: int = 0,
        sender: str | None = None,
    ) -> None:
        """Have a function called after all that was asked for before."""
        self._send(
            contract.address,
            contract.function(function).encode(*arguments),
            value_wei=value_wei,
            sender=sender,
            what=function,
            errors=contract.errors,
        )

    def settle(self) -> list[Receipt]:
        """Wait until all is mined; raises Reverted with the cause of the first that failed."""
        receipts = []
        waiting, self._waiting = self._waiting, []
        self._created.clear()
        for sent in waiting:
            receipt = await_receipt(
                self.rpc, sent.transaction_hash, _RECEIPT_SECONDS, longest_pause_seconds=0.05
            )
            self.gas_used += receipt.gas_used
            self.transactions += 1
            if not receipt.succeeded:
                cause = failure_cause(self.rpc, sent.transaction_hash, sent.errors)
                raise Reverted(cause, sent.what, sent.transaction_hash)
            receipts.append(receipt)
        return receipts

    def _send(
        self,
        to: str,
        data: bytes,
        *,
        what: str,
        errors: Abi,
        value_wei: int = 0,
        sender: str | None = None,
    ) -> None:
        account = sender or self.account
        transaction = submit_transaction(self.rpc, account, to, data, value_wei=value_wei)
        self._waiting.append(_Sent(transaction, what, errors))
