"""Real validator keys, committed to the registry before a history begins."""

from dataclasses import dataclass

from keel.consensus.deposit_data import DepositDataEntry, make_deposit_data
from keel.model.commitment import public_key_hash
from tests.deployment import Keel
from tests.unit.contracts.validators import KeyProof, Validators, key_proofs, packed, signing_key


@dataclass(frozen=True)
class OperatorTerms:
    """OPR-3."""

    limit: int
    target_bps: int
    keys: int


OPERATORS = (OperatorTerms(12, 8_000, 20), OperatorTerms(1_000, 5_000, 20))
"""The first reaches its limit before its keys run out, the second its target."""


@dataclass(frozen=True)
class KeyPool:
    """Keys count from 0 over all operators."""

    operators: tuple[OperatorTerms, ...]
    entries: tuple[DepositDataEntry, ...]
    all_proofs: tuple[KeyProof, ...]

    @property
    def size(self) -> int:
        return len(self.entries)

    def operator_of(self, key: int) -> int:
        return self.all_proofs[key][0]

    def proofs(self, which: list[int]) -> list[KeyProof]:
        return [self.all_proofs[key] for key in which]

    def packed(self, which: list[int]) -> bytes:
        return packed([self.entries[key] for key in which])

    def pubkey_root(self, key: int) -> bytes:
        return public_key_hash(self.entries[key].pubkey)


def commit_keys(keel: Keel) -> KeyPool:
    """Admit the operators and commit a batch of each."""
    credentials = bytes(keel.quick.vault.withdrawalCredentials())
    validators = Validators(keel)
    entries: list[DepositDataEntry] = []
    proofs: list[KeyProof] = []
    for terms in OPERATORS:
        operator_id = validators.add_operator(terms.limit, terms.target_bps)
        numbers = range(len(entries), len(entries) + terms.keys)
        batch = [make_deposit_data(signing_key(number), credentials) for number in numbers]
        proofs += key_proofs(operator_id, validators.add_keys(operator_id, batch), batch)
        entries += batch
    return KeyPool(OPERATORS, tuple(entries), tuple(proofs))
