"""Operators, key batches and staking, as the people do it who hold the roles."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from keel.chain.transaction import Receipt
from keel.consensus.deposit_data import DepositDataEntry, make_deposit_data
from keel.consensus.keys import ValidatorKey, derive_signing_keys, mnemonic_to_seed
from keel.deploy.contracts import OperatorRegistry
from keel.model.commitment import key_batch_tree
from tests.deployment import Keel

MNEMONIC = "test test test test test test test test test test test junk"

type KeyProof = tuple[int, int, int, tuple[bytes, ...]]
"""Operator, batch, index in the batch, proof: IOperatorRegistry.KeyProof."""


@dataclass
class Validators:
    """The registry of a deployment; every key that it makes is used once."""

    keel: Keel
    keys_made: int = 0

    @property
    def registry(self) -> OperatorRegistry:
        """The contract that is tested."""
        return self.keel.quick.registry

    @property
    def manager(self) -> str:
        """Who manages all operators added here."""
        return str(self.keel.actors.operator_managers[0].address)

    def add_operator(self, limit: int = 1_000, target_bps: int = 10_000) -> int:
        """Admit an operator and return its id."""
        terms = ("Harbour", self.manager, self.manager, limit, target_bps)
        self.keel.call_as_role(self.registry, "addOperator", *terms)
        return int(self.registry.operatorCount()) - 1

    def new_entries(self, count: int) -> list[DepositDataEntry]:
        """Deposit data of keys not used before."""
        credentials = bytes(self.keel.quick.vault.withdrawalCredentials())
        keys = range(self.keys_made, self.keys_made + count)
        self.keys_made += count
        return [make_deposit_data(signing_key(number), credentials) for number in keys]

    def add_keys(self, operator_id: int, entries: Sequence[DepositDataEntry]) -> int:
        """Commit a batch and return its number."""
        root = key_batch_tree([entry.deposit_data_root for entry in entries]).root
        self.registry.addKeys.send(operator_id, root, packed(entries), sender=self.manager)
        return int(self.registry.operator(operator_id).batches) - 1

    def stake(self, proofs: Sequence[KeyProof], entries: Sequence[DepositDataEntry]) -> Receipt:
        """Stake keys in the keeper's place, who names the deposit root as it is now."""
        root = self.keel.quick.deposits.get_deposit_root()
        arguments = (list(proofs), packed(entries), root)
        return self.keel.call_as_role(self.registry, "stake", *arguments)

    def stake_new(self, operator_id: int, count: int) -> Receipt:
        """Commit a batch of new keys and stake all of it."""
        entries = self.new_entries(count)
        return self.stake(
            key_proofs(operator_id, self.add_keys(operator_id, entries), entries), entries
        )


def packed(entries: Sequence[DepositDataEntry]) -> bytes:
    """176 bytes a key, as KeysAdded and `stake` have them."""
    return b"".join(e.pubkey + e.signature + e.deposit_data_root for e in entries)


def key_proofs(operator_id: int, batch: int, entries: Sequence[DepositDataEntry]) -> list[KeyProof]:
    """Proofs of all keys of a batch."""
    tree = key_batch_tree([entry.deposit_data_root for entry in entries])
    return [(operator_id, batch, index, tree.proof(index)) for index in range(len(entries))]


@cache
def signing_key(number: int) -> ValidatorKey:
    """Derive a validator's key of the test mnemonic (EIP-2334)."""
    (key,) = derive_signing_keys(mnemonic_to_seed(MNEMONIC), 1, number)
    return key
