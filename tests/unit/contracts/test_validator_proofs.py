"""What ValidatorProofs shows of beacon states, and what it refuses."""

from dataclasses import replace
from typing import Any

import pytest

from keel.chain.contract import Contract
from keel.chain.rpc import RpcClient
from keel.consensus.beacon.config import FORKS, Fork
from keel.consensus.beacon.spec import spec_of_states
from keel.deploy.artifacts import Artifacts
from tests.causes import fails
from tests.deployment import Actors
from tests.unit.consensus.state_examples import NEVER
from tests.unit.contracts.proven_states import (
    CREDENTIALS,
    SLOT,
    Row,
    deploy_module,
    error_of,
    fresh_row,
    numbers_of,
    old_row,
    shown,
    state_of,
)

FIELDS = (
    ("withdrawal_credentials", b"\x01".ljust(12, b"\0") + b"\x4c" * 20),
    ("withdrawal_credentials", b"\x02" + CREDENTIALS[1:]),
    ("effective_balance", 10**9 - 1),
    ("effective_balance", 2 * 10**9),
    ("effective_balance", 0),
    ("slashed", True),
    ("activation_eligibility_epoch", 5),
    ("activation_epoch", 0),
    ("exit_epoch", NEVER - 1),
    ("withdrawable_epoch", 5),
)


def rows(fresh: int, old: int = 5) -> list[Row]:
    return [old_row(n) for n in range(old)] + [fresh_row(n) for n in range(fresh)]


@pytest.mark.parametrize("fork", FORKS)
def test_fresh_validators_are_shown_one_by_one_and_in_batches(module: Contract, fork: Fork) -> None:
    """PRF-4, PRF-7."""
    at = shown(module, state_of(rows(fresh=28), fork), fork)
    for chosen in ([5], [6], [6, 7], [5, 6], [8, 9, 10, 11], [9, 11], [5, 32], range(16, 32)):
        module.function("requireFresh")(*at.fresh(*chosen))
    for index in (0, 4):
        refused = error_of(module, "requireFresh", *at.fresh(index))
        assert (refused.name, refused.inputs["expected"]) == ("ProofWrong", at.root)


@pytest.mark.parametrize(("field", "value"), FIELDS)
def test_what_differs_in_one_field_is_not_fresh(module: Contract, field: str, value: Any) -> None:
    """PRF-4."""
    other = fresh_row(7, **{field: value})
    at = shown(module, state_of([*rows(fresh=3), other, fresh_row(8)]))
    module.function("requireFresh")(*at.fresh(7, 9))
    for chosen in ([8], [8, 9], [6, 7, 8]):
        assert error_of(module, "requireFresh", *at.fresh(*chosen)).name == "ProofWrong"


@pytest.mark.parametrize("fork", FORKS)
def test_every_validator_is_shown_with_all_of_its_fields(module: Contract, fork: Fork) -> None:
    """PRF-3, PRF-7."""
    at = shown(module, state_of(rows(fresh=4), fork), fork)
    for index in range(9):
        module.function("requireValidator")(*at.validator(index))
    block, index, validator, branch = at.validator(2)
    for place, value in enumerate(validator):
        wrong = list(validator)
        wrong[place] = not value if isinstance(value, bool) else _another(value)
        refused = error_of(module, "requireValidator", block, index, tuple(wrong), branch)
        assert (refused.name, refused.inputs["expected"]) == ("ProofWrong", at.root)


@pytest.mark.parametrize("fork", FORKS)
def test_every_balance_is_shown_and_none_beyond_the_last(module: Contract, fork: Fork) -> None:
    """PRF-5, PRF-7."""
    at = shown(module, state_of(rows(fresh=5), fork), fork)
    balance_gwei = module.function("balanceGwei")
    for index in range(10):
        assert balance_gwei(*at.balance(index)) == 10**9 + 7 * index
    block, _, chunk, branch = at.balance(9)
    for beyond in (10, 11):
        with fails("NoSuchBalance", index=beyond, balances=10):
            balance_gwei(block, beyond, chunk, branch)
    refused = error_of(module, "balanceGwei", block, 12, chunk, branch)
    assert refused.name == "ProofWrong"


def test_an_empty_chunk_is_no_balance_of_zero(module: Contract) -> None:
    """PRF-5: beyond the list its tree holds zeros, and their branch leads to the root."""
    at = shown(module, state_of(rows(fresh=3)))
    _, _, chunk, branch = at.balance(7)
    tree = at.prover.tree.balances.chunks
    beside = (bytes(32), tree.node(1, 0), *branch[1:])
    assert tree.node(0, 1) == chunk
    with fails("NoSuchBalance", index=8, balances=8):
        module.function("balanceGwei")(at.block, 8, bytes(32), beside)


def test_the_slot_of_a_block_is_proven_with_it(module: Contract) -> None:
    """PRF-1."""
    at = shown(module, state_of(rows(fresh=1)))
    assert (at.block.slot, at.block.proposer_index) == (SLOT, 3)
    for field in ("slot", "proposer_index"):
        for change in (1, -1, 64):
            block = at.block._replace(**{field: getattr(at.block, field) + change})
            wrong = replace(at, block=block)
            for name, arguments in (
                ("requireFresh", wrong.fresh(5)),
                ("requireValidator", wrong.validator(0)),
                ("balanceGwei", wrong.balance(0)),
            ):
                assert error_of(module, name, *arguments).name == "ProofWrong"


def test_places_are_those_of_the_specification(
    chain_rpc: RpcClient, artifacts: Artifacts, actors: Actors
) -> None:
    """PRF-2, PRF-7."""
    for fork in FORKS:
        for preset in ("minimal", "mainnet"):
            spec = spec_of_states(fork, preset)
            numbers = numbers_of(spec)
            made = deploy_module(chain_rpc, artifacts, actors.deployer.address, numbers)
            index = spec.get_generalized_index
            state, header = spec.BeaconState, spec.BeaconBlockHeader
            assert made.function("FIRST_VALIDATOR")() == index(state, "validators", 0)
            assert made.function("FIRST_BALANCES")() == index(state, "balances", 0)
            assert made.function("FIRST_BLOCK_ROOT")() == index(state, "block_roots", 0)
            assert made.function("STATE_ROOT")() == index(header, "state_root")
            assert made.function("BLOCK_ROOTS")() == numbers.slots_per_historical_root


def _another(value: bytes | int) -> bytes | int:
    return bytes([value[0] ^ 1]) + value[1:] if isinstance(value, bytes) else value ^ 1
