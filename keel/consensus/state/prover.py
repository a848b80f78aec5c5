"""Proofs of one state as IValidatorProofs takes them (rules PRF of docs/design.md)."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from keel.consensus.state.encoded_state import EncodedState
from keel.consensus.state.errors import ProofError
from keel.consensus.state.merkle import ZERO_NODES
from keel.consensus.state.proof import (
    GeneralisedIndices,
    StateProof,
    generalised_indices,
    prove_balance,
    prove_block_root,
    prove_validator,
    prove_validators,
)
from keel.consensus.state.tree import StateTree
from keel.model.commitment import public_key_hash

LARGEST_BATCH = 256
"""Validators that `requireFresh` takes at once (PRF-4)."""

_SLOT_AND_PROPOSER = -2
"""Where a branch up to a block's root has their parent, which the contract hashes itself."""


class ProvenBlock(NamedTuple):
    """IValidatorProofs.Block; `older` is empty where EIP-4788 has the block itself (PRF-2)."""

    timestamp: int
    slot: int
    proposer_index: int
    older: tuple[bytes, ...] = ()


class FreshProof(NamedTuple):
    """What `requireFresh` takes beside the block and the credentials."""

    first_index: int
    fresh: int
    leaves: tuple[bytes, ...]
    branch: tuple[bytes, ...]


class ValidatorProof(NamedTuple):
    """What `requireValidator` takes beside the block; `validator` in the order of its struct."""

    validator_index: int
    validator: tuple[bytes, bytes, int, bool, int, int, int, int]
    branch: tuple[bytes, ...]


class BalanceProof(NamedTuple):
    """What `balanceGwei` takes beside the block."""

    validator_index: int
    chunk: bytes
    branch: tuple[bytes, ...]


@dataclass(frozen=True)
class Prover:
    """A state and its tree; every method raises ProofError for what the state does not have."""

    state: EncodedState
    tree: StateTree

    @cached_property
    def indices(self) -> GeneralisedIndices:
        """The places of the state's fork."""
        return generalised_indices(self.state.spec)

    def block(self, timestamp: int) -> ProvenBlock:
        """The state's block, which is the parent of the block of that time."""
        return ProvenBlock(timestamp, self.tree.header_slot, self.tree.header_proposer)

    def older_block(self, newer: StateTree, timestamp: int) -> ProvenBlock:
        """The state's block under a newer one, which is the parent of the block of that time."""
        proof = prove_block_root(newer, self.indices, self.tree.header_slot)
        if proof.leaf != self.tree.header_fields.root:
            raise ProofError(f"the newer state has another block at slot {self.tree.header_slot}")
        return self.block(timestamp)._replace(older=proof.branch)

    def fresh(self, chosen: Collection[int]) -> FreshProof:
        """Validators that the contract shall find fresh, by the smallest batch that holds them."""
        size = 1 << (min(chosen) ^ max(chosen)).bit_length()
        if size > LARGEST_BATCH:
            raise ProofError(f"a batch of {size} validators, {LARGEST_BATCH} at most expected")
        first = min(chosen) // size * size
        proof = prove_validators(self.tree, self.indices, first, size)
        leaves = tuple(
            self.pubkey_root(index)
            if index in chosen
            else self.tree.validators.chunks.node(0, index)
            for index in range(first, first + size)
        )
        marks = sum(1 << (index - first) for index in chosen)
        return FreshProof(
            first, marks, leaves, self._short(proof, self.tree.validators.chunks.depth)
        )

    def validator(self, index: int) -> ValidatorProof:
        """All fields of a validator."""
        proof = prove_validator(self.tree, self.indices, index)
        _, credentials, effective, slashed, *epochs = self.state.validators[index].tolist()
        fields = (self.pubkey_root(index), bytes(credentials), effective, bool(slashed), *epochs)
        return ValidatorProof(index, fields, self._short(proof, self.tree.validators.chunks.depth))

    def balance(self, index: int) -> BalanceProof:
        """The chunk of four balances with a validator's."""
        proof = prove_balance(self.tree, self.indices, index)
        return BalanceProof(index, proof.leaf, self._short(proof, self.tree.balances.chunks.depth))

    def pubkey_root(self, index: int) -> bytes:
        """hash_tree_root of a validator's public key."""
        return public_key_hash(bytes(self.state.validators["pubkey"][index]))

    def _short(self, proof: StateProof, levels: int) -> tuple[bytes, ...]:
        """Leave out what the contract puts in: empty subtrees (PRF-6), slot and proposer."""
        above = 1 + self.tree.fields.depth + self.tree.header_fields.depth
        in_list, rest = list(proof.branch[:-above]), list(proof.branch[-above:])
        while in_list and in_list[-1] == ZERO_NODES[levels - 1]:
            in_list.pop()
            levels -= 1
        del rest[_SLOT_AND_PROPOSER]
        return (*in_list, *rest)
