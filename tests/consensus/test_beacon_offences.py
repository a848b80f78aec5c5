"""Slashings: real proofs, and penalties that are exactly those of the specification."""

from collections.abc import Callable

import pytest

from keel.consensus.beacon.branches import branching
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.errors import OperationRefusedError
from keel.consensus.beacon.offences import propose_twice, vote_around, vote_twice
from keel.consensus.beacon.voluntary_exits import exit_voluntarily
from tests.consensus.conftest import SettledChain

EFFECTIVE_GWEI = 32 * 10**9
SLASHING_QUOTIENT = 4096  # MIN_SLASHING_PENALTY_QUOTIENT_ELECTRA, WHISTLEBLOWER_REWARD_QUOTIENT_..
PROPORTIONAL_MULTIPLIER = 3  # PROPORTIONAL_SLASHING_MULTIPLIER_BELLATRIX
GWEI_PER_INCREMENT = 10**9


def balances_after_a_step(chain: BeaconChain) -> list[int]:
    chain.step()
    return [int(balance) for balance in chain.state.balances]


def next_proposer(chain: BeaconChain) -> int:
    ahead = chain.state.copy()
    chain.spec.process_slots(ahead, ahead.slot + 1)
    return int(chain.spec.get_beacon_proposer_index(ahead))


def culprits_beside_the_proposer(chain: BeaconChain, count: int) -> list[int]:
    return [index for index in range(20) if index != next_proposer(chain)][:count]


@pytest.mark.parametrize(
    "offend",
    [
        lambda chain, culprits: propose_twice(chain, culprits[0]),
        lambda chain, culprits: vote_twice(chain, culprits[:1]),
        lambda chain, culprits: vote_around(chain, culprits[:1]),
    ],
    ids=["double proposal", "double vote", "surround vote"],
)
def test_a_slashing_costs_just_the_penalty_and_pays_the_proposer(
    chain: BeaconChain, offend: Callable[[BeaconChain, list[int]], None]
) -> None:
    proposer, culprits = next_proposer(chain), culprits_beside_the_proposer(chain, 1)
    with branching(chain):
        honest = balances_after_a_step(chain)
    offend(chain, culprits)
    slashed = balances_after_a_step(chain)
    change = {i: new - old for i, (new, old) in enumerate(zip(slashed, honest, strict=True))}
    penalty_gwei = EFFECTIVE_GWEI // SLASHING_QUOTIENT
    assert {i: gwei for i, gwei in change.items() if gwei} == {
        culprits[0]: -penalty_gwei,
        proposer: penalty_gwei,
    }
    validator = chain.state.validators[culprits[0]]
    assert validator.slashed
    assert int(validator.withdrawable_epoch) == chain.epoch + 64


def test_a_proof_of_a_real_block_is_used_where_there_is_one(chain: BeaconChain) -> None:
    assert chain.head_block is not None
    index = int(chain.head_block.message.proposer_index)
    propose_twice(chain, index)
    (proof,) = chain.pool.operations["proposer_slashings"]
    assert proof.signed_header_1.signature == chain.head_block.signature
    assert proof.signed_header_1.message.slot == chain.head_block.message.slot


def test_the_same_validator_is_slashed_once(chain: BeaconChain) -> None:
    vote_twice(chain, [3])
    vote_twice(chain, [3, 4])
    propose_twice(chain, 4)
    vote_twice(chain, [3])
    chain.run(3)
    assert [i for i, v in enumerate(chain.state.validators) if v.slashed] == [3, 4]
    assert not any(chain.pool.operations.values())
    with pytest.raises(OperationRefusedError, match="attester slashing is refused"):
        vote_twice(chain, [3])


def test_an_honest_vote_proves_nothing(chain: BeaconChain) -> None:
    vote_twice(chain, [3])
    (proof,) = chain.pool.operations["attester_slashings"]
    chain.pool.operations["attester_slashings"] = ()
    proof.attestation_2 = proof.attestation_1.copy()
    with pytest.raises(OperationRefusedError):
        chain.pool.submit(chain.spec, chain.state, "attester_slashings", proof)
    chain.step()
    assert not chain.state.validators[3].slashed


def test_a_forged_signature_proves_nothing(chain: BeaconChain) -> None:
    vote_twice(chain, [3])
    (proof,) = chain.pool.operations["attester_slashings"]
    proof.attestation_2.signature = proof.attestation_1.signature
    with pytest.raises(OperationRefusedError):
        chain.pool.submit(chain.spec, chain.state, "attester_slashings", proof)


def test_a_slashed_validator_neither_proposes_nor_exits(chain: BeaconChain) -> None:
    ahead = chain.state.copy()
    chain.spec.process_slots(ahead, ahead.slot + 2)
    culprit = int(chain.spec.get_beacon_proposer_index(ahead))
    if culprit == next_proposer(chain):
        chain.step()
        chain.spec.process_slots(ahead, ahead.slot + 1)
        culprit = int(chain.spec.get_beacon_proposer_index(ahead))
    vote_twice(chain, [culprit])
    chain.step()
    outcome = chain.step()
    assert (outcome.proposer, outcome.missed) == (culprit, "proposer slashed")
    with pytest.raises(OperationRefusedError, match="voluntary exit"):
        exit_voluntarily(chain, culprit)


def test_many_slashings_at_a_time_cost_the_correlation_penalty(settled: SettledChain) -> None:
    chain = settled.chain
    culprits = culprits_beside_the_proposer(chain, 12)
    vote_twice(chain, culprits)
    chain.step()
    slashed_epoch = chain.epoch
    # The penalty falls half the vector of slashings later; nobody needs to propose until then.
    due = (slashed_epoch + 32) * int(chain.spec.SLOTS_PER_EPOCH) + 7
    chain.participation.miss(range(chain.slot + 1, due + 1))
    chain.to_slot(due)
    assert chain.epoch == slashed_epoch + 32
    alone = chain.state.copy()
    alone.slashings = type(alone.slashings)()
    together = chain.state.copy()
    for state in (alone, together):
        chain.spec.process_slots(state, state.slot + 1)
    total = int(chain.spec.get_total_active_balance(chain.state))
    slashed = sum(int(amount) for amount in chain.state.slashings)
    assert slashed == 12 * EFFECTIVE_GWEI
    per_increment = PROPORTIONAL_MULTIPLIER * slashed // (total // GWEI_PER_INCREMENT)
    for index in range(len(chain.state.validators)):
        increments = int(chain.state.validators[index].effective_balance) // GWEI_PER_INCREMENT
        expected = per_increment * increments if index in culprits else 0
        assert int(alone.balances[index]) - int(together.balances[index]) == expected
    assert per_increment > 0
