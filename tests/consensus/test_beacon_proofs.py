"""Proofs from the bytes of a chain's own states lead to the roots that EIP-4788 stores."""

import pytest

from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.state.encoded_state import read_state
from keel.consensus.state.errors import ProofError
from keel.consensus.state.proof import (
    StateProof,
    generalised_indices,
    prove_balance,
    prove_validator,
    root_by,
)
from keel.consensus.state.tree import StateTree, state_tree
from tests.consensus.conftest import SettledChain
from tests.consensus.test_beacon_slots import root_in_execution


def test_a_deposited_validator_is_proven_to_the_root_in_the_execution_layer(
    settled: SettledChain,
) -> None:
    chain, index = settled.chain, settled.deposited
    proven = chain.run(2)[0].slot
    tree, indices = _tree(chain, proven), generalised_indices(chain.spec)
    in_contract = root_in_execution(chain.rpc, chain.time_at(proven + 1))
    validator = prove_validator(tree, indices, index)
    balance = prove_balance(tree, indices, index)
    assert _root_of(validator) == _root_of(balance) == in_contract
    state = chain.store.state_at(proven)
    assert validator.leaf == chain.spec.hash_tree_root(state.validators[index])
    at = index % 4 * 8
    assert int.from_bytes(balance.leaf[at : at + 8], "little") == state.balances[index]


def test_a_slot_without_a_block_has_no_proof_but_the_slot_before_it(chain: BeaconChain) -> None:
    before = chain.run(1)[0].slot
    chain.participation.miss([before + 1])
    missed, after = chain.run(2)
    assert (missed.missed, after.missed) == ("asked for", None)
    indices = generalised_indices(chain.spec)
    with pytest.raises(ProofError, match="its slot has no block"):
        prove_validator(_tree(chain, missed.slot), indices, 0)
    in_contract = root_in_execution(chain.rpc, chain.time_at(after.slot))
    assert _root_of(prove_validator(_tree(chain, before), indices, 0)) == in_contract


def _tree(chain: BeaconChain, slot: int) -> StateTree:
    ssz_bytes = chain.store.state_at(slot).encode_bytes()
    return state_tree(read_state(chain.spec, ssz_bytes))


def _root_of(proof: StateProof) -> bytes:
    return root_by(proof.leaf, proof.branch, proof.generalised_index)
