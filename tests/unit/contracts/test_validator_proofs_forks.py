"""The forks before and after: the module for Electra and Fulu proves nothing of their states.

Types, places and proofs are those of the installed specification. What Gloas changes: a module for
it needs places that grow with the index, one more mix-in (of the active fields), and siblings of
other numbers.
"""

import importlib
from types import ModuleType
from typing import Any

import pytest
import ssz

from keel.chain.clock import now
from keel.chain.contract import Contract
from keel.chain.system_contracts import set_beacon_root
from keel.consensus.beacon.spec import State, list_of
from keel.consensus.state.errors import LayoutError
from keel.consensus.state.layout import state_layout
from keel.consensus.state.merkle import ZERO_NODES
from keel.consensus.state.proof import root_by
from keel.model.commitment import public_key_hash
from tests.causes import fails
from tests.unit.consensus.state_examples import spec_of
from tests.unit.contracts.proven_states import CREDENTIALS, error_of, fresh_row

LEAST = 9


@pytest.fixture(scope="module")
def gloas() -> ModuleType:
    return importlib.import_module("eth_consensus_specs.gloas.minimal")


def test_places_of_validators_are_no_longer_next_to_each_other(gloas: ModuleType) -> None:
    """PRF-7: a list begins with a subtree of 1, then 4, 16 ... and has no limit."""
    places = [_place(gloas, "validators", index) for index in (0, 1, 2, 4, 5, 1_000_000)]
    assert places == [0x598, 0x2CC8, 0x2CC9, 0x2CCB, 0x16660, 0x1667FE9ECEB]
    assert [place.bit_length() - 1 for place in places] == [10, 13, 13, 13, 16, 40]
    fulu = spec_of("fulu")
    assert {_place(fulu, "validators", index) - index for index in (0, 1, 5, 10**6)} == {0x96 << 40}
    header = fulu.get_generalized_index(fulu.BeaconBlockHeader, "state_root")
    assert gloas.get_generalized_index(gloas.BeaconBlockHeader, "state_root") == header == 11


def test_every_path_of_the_module_leads_through_the_leaf_of_genesis_time(
    module: Contract, gloas: ModuleType
) -> None:
    """PRF-7: below a leaf there is no node, so no branch can be found, true or false."""
    leaf = int(gloas.get_generalized_index(gloas.BeaconState, "genesis_time"))
    assert leaf == 0b100
    for name in ("FIRST_VALIDATOR", "FIRST_BALANCES", "FIRST_BLOCK_ROOT"):
        first = module.function(name)()
        assert first >> first.bit_length() - leaf.bit_length() == leaf


@pytest.mark.parametrize("fork", ["deneb", "gloas"])
@pytest.mark.parametrize("index", [0, 1, 5])
def test_proofs_of_another_fork_are_refused(module: Contract, fork: str, index: int) -> None:
    """PRF-7: with its own branch, and with that filled to the length of Fulu's."""
    spec = importlib.import_module(f"eth_consensus_specs.{fork}.minimal")
    state = _state(spec)
    header = state.latest_block_header.copy()
    header.state_root = spec.hash_tree_root(state)
    root, timestamp = bytes(spec.hash_tree_root(header)), now(module.rpc)
    set_beacon_root(module.rpc, timestamp, root)
    block = (timestamp, int(header.slot), int(header.proposer_index), ())
    in_header = list(map(bytes, ssz.build_proof(header, 11)))
    place = _place(spec, "validators", index)
    branch = [bytes(node) for node in ssz.build_proof(state, place)]
    node = bytes(spec.hash_tree_root(state.validators[index]))
    assert root_by(node, tuple(branch), place) == header.state_root
    own = (*branch, in_header[0], in_header[2])
    missing = 49 - len(own)
    filled = (*own[:-LEAST], *ZERO_NODES[40 - missing : 40], *own[-LEAST:])
    key = public_key_hash(bytes(state.validators[index].pubkey))
    for wrong in (own, filled, (*own, *[bytes(32)] * missing)):
        for where in (index, place % 2**40):
            arguments = (block, where, 1, (key,), CREDENTIALS, wrong)
            refused = error_of(module, "requireFresh", *arguments)
            assert (refused.name, refused.inputs["expected"]) == ("ProofWrong", root)
    with fails("BranchLength", length=50, least=LEAST, most=49):
        module.function("requireFresh")(block, index, 1, (key,), CREDENTIALS, (*filled, node))


def test_the_product_makes_no_proof_of_a_gloas_state(gloas: ModuleType) -> None:
    """PRF-7: it refuses the shape by name before it hashes anything."""
    with pytest.raises(LayoutError, match="BeaconState is not a plain container"):
        state_layout(gloas)


def _place(spec: Any, field: str, index: int) -> int:
    return int(spec.get_generalized_index(spec.BeaconState, field, index))


def _state(spec: Any) -> State:
    """Six fresh validators."""
    names = tuple(spec.Validator.model_fields)
    rows = [dict(zip(names, fresh_row(n), strict=True)) for n in range(6)]
    state = spec.BeaconState(
        slot=spec.Slot(9), latest_block_header=spec.BeaconBlockHeader(slot=spec.Slot(9))
    )
    state.validators = list_of(state, "validators", [spec.Validator(**row) for row in rows])
    state.balances = list_of(state, "balances", [10**9] * 6)
    return state
