"""A state of a million validators, read and hashed as the product does it, is shown on chain.

It takes some ten seconds, nearly all of them for the nine million hashes of the validators.
"""

from dataclasses import replace

import numpy as np
import pytest

from keel.chain.rpc import RpcClient
from keel.consensus.beacon.spec import list_of
from keel.consensus.state.encoded_state import read_state
from keel.consensus.state.merkle import ZERO_NODES
from keel.consensus.state.prover import Prover
from keel.consensus.state.tree import state_tree
from keel.deploy.artifacts import Artifacts
from keel.measure.bench.states import OWN_CREDENTIALS, encoded, spec_of
from tests.deployment import Actors
from tests.unit.consensus.state_examples import NEVER
from tests.unit.contracts.proven_states import Numbers, Shown, deploy_module, error_of, shown_by

COUNT, FRESH, LEAST = 1_000_000, 40, 9
LEVELS = 20
"""Of the tree of a million leaves; the 20 above them have nothing beside."""


@pytest.fixture(scope="module")
def prover() -> Prover:
    """The last 40 validators have just been deposited."""
    state = read_state(spec_of("fulu"), bytearray(encoded("fulu", COUNT)))
    last = state.validators[-FRESH:]
    last["withdrawal_credentials"] = np.frombuffer(OWN_CREDENTIALS, np.uint8)
    last["effective_balance"], last["slashed"] = 10**9, 0
    for name in state.validators.dtype.names or ():
        if name.endswith("_epoch"):
            last[name] = NEVER
    return Prover(state, state_tree(state))


@pytest.fixture
def at(prover: Prover, chain_rpc: RpcClient, artifacts: Artifacts, actors: Actors) -> Shown:
    module = deploy_module(
        chain_rpc,
        artifacts,
        actors.deployer.address,
        Numbers(slots_per_epoch=32, slots_per_historical_root=8192),
    )
    return shown_by(module, prover)


def test_proofs_from_a_million_validators_are_accepted(at: Shown) -> None:
    """PRF-3 to PRF-6."""
    module, state = at.module, at.prover.state
    for index in (0, 1, 31, 524_287, 524_288, 777_777, COUNT - FRESH, COUNT - 1):
        module.function("requireValidator")(*at.validator(index))
        balance_gwei = module.function("balanceGwei")(*at.balance(index))
        assert balance_gwei == int(state.balances_gwei[index])
    for first, size in ((COUNT - 1, 1), (COUNT - 2, 2), (COUNT - 36, 4), (COUNT - 32, 32)):
        block, _, marks, leaves, _, branch = at.fresh(*range(first, first + size))
        assert len(branch) == LEVELS - (size.bit_length() - 1) + LEAST
        module.function("requireFresh")(block, first, marks, leaves, OWN_CREDENTIALS, branch)
        whole = (*branch[:-LEAST], *ZERO_NODES[LEVELS:40], *branch[-LEAST:])
        module.function("requireFresh")(block, first, marks, leaves, OWN_CREDENTIALS, whole)


def test_those_before_the_fresh_ones_are_not_fresh(at: Shown) -> None:
    """PRF-4."""
    first_fresh = COUNT - FRESH
    for chosen in ((0,), (first_fresh - 1,), (first_fresh - 1, first_fresh)):
        block, first, marks, leaves, _, branch = at.fresh(*chosen)
        forged = (block, first, marks, leaves, OWN_CREDENTIALS, branch)
        assert error_of(at.module, "requireFresh", *forged).name == "ProofWrong"


@pytest.mark.parametrize("age", [1, 8191, 8192])
def test_it_is_shown_by_a_newer_state_of_mainnets_size(at: Shown, age: int) -> None:
    """PRF-2: that state names 8192 blocks."""
    newer = _newer(at, age)
    newer_at = shown_by(at.module, newer)
    timestamp = newer_at.block.timestamp
    older = replace(at, block=at.prover.older_block(newer.tree, timestamp))
    assert len(older.block.older) == 13 + 6 + 3
    at.module.function("requireValidator")(*older.validator(COUNT - 1))
    wrong = replace(older, block=older.block._replace(slot=older.block.slot + 8192))
    refused = error_of(at.module, "requireValidator", *wrong.validator(COUNT - 1))
    assert (refused.name, refused.inputs["expected"]) == ("ProofWrong", newer_at.root)


def _newer(at: Shown, age: int) -> Prover:
    spec = spec_of("fulu")
    state = spec.BeaconState.decode_bytes(encoded("fulu", 4))
    roots = [bytes(root) for root in state.block_roots]
    roots[at.block.slot % len(roots)] = at.root
    state.block_roots = list_of(state, "block_roots", roots)
    state.latest_block_header.slot = spec.Slot(at.block.slot + age)
    newer = read_state(spec, state.encode_bytes())
    return Prover(newer, state_tree(newer))
