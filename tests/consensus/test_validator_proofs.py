"""ValidatorProofs on a real beacon chain: what happens to validators there is shown in a slot."""

from collections.abc import Callable

import pytest

from keel.chain.contract import Contract
from keel.chain.transaction import receipt_of, submit_transaction
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.offences import propose_twice
from keel.consensus.beacon.requests import deposit, request_exit, top_up
from keel.consensus.deposit_data import execution_credentials
from keel.consensus.keys import ValidatorKey, public_key
from keel.consensus.state.encoded_state import read_state
from keel.consensus.state.prover import Prover
from keel.consensus.state.tree import state_tree
from keel.deploy.artifacts import Artifacts, artifact_named
from tests.causes import fails
from tests.consensus.conftest import SettledChain
from tests.unit.contracts.proven_states import error_of, numbers_of

OURS, FOREIGN = execution_credentials(b"\x4b" * 20), execution_credentials(b"\x66" * 20)
GWEI = 10**9
KEYS = [ValidatorKey("m", secret, public_key(secret)) for secret in (0x51, 0x52, 0x53)]


@pytest.fixture
def module(settled: SettledChain, artifacts: Artifacts) -> Contract:
    """ValidatorProofs, deployed in a slot of its own."""
    chain, artifact = settled.chain, artifact_named(artifacts, "ValidatorProofs")
    numbers = numbers_of(chain.spec, chain.time_at(0))
    code = artifact.creation_code + artifact.abi.constructor.encode((numbers,))
    sent = submit_transaction(chain.rpc, settled.depositor, None, code)
    chain.step()
    receipt = receipt_of(chain.rpc, sent)
    assert receipt is not None
    return Contract(chain.rpc, str(receipt.contract_address), artifact.abi)


def test_a_deposit_of_1_ether_is_fresh_until_somebody_adds_to_it(
    settled: SettledChain, module: Contract
) -> None:
    """PRF-4: credentials are those of the first deposit, whoever made it.

    An effective balance rises only once the balance is 1.25 ETH above it.
    """
    chain = settled.chain
    for key, credentials in zip(KEYS, (OURS, FOREIGN, OURS), strict=True):
        deposit(chain, key, credentials, GWEI, settled.depositor)
    chain.run_until(_has_all_keys, most=80)
    ours, foreign, other = (chain.index_of(key.public_key) for key in KEYS)
    prover, timestamp = _proven(chain)
    block, require_fresh = prover.block(timestamp), module.function("requireFresh")
    for chosen in ([ours], [other], [ours, other]):
        first, marks, leaves, branch = prover.fresh(chosen)
        require_fresh(block, first, marks, leaves, OURS, branch)
    first, marks, leaves, branch = prover.fresh([foreign])
    require_fresh(block, first, marks, leaves, FOREIGN, branch)
    forged = (block, first, marks, leaves, OURS, branch)
    assert error_of(module, "requireFresh", *forged).name == "ProofWrong"
    module.function("requireValidator")(block, *prover.validator(foreign))

    top_up(chain, ours, 2 * GWEI, settled.depositor)
    top_up(chain, other, GWEI, settled.depositor)
    chain.run_until(lambda c: c.state.validators[ours].effective_balance > GWEI, most=80)
    prover, timestamp = _proven(chain)
    block, balance_gwei = prover.block(timestamp), module.function("balanceGwei")
    first, marks, leaves, branch = prover.fresh([other])
    require_fresh(block, first, marks, leaves, OURS, branch)
    first, marks, leaves, branch = prover.fresh([ours])
    forged = (block, first, marks, leaves, OURS, branch)
    assert error_of(module, "requireFresh", *forged).name == "ProofWrong"
    proof = prover.validator(ours)
    assert proof.validator[1:4] == (OURS, 3 * GWEI, False)
    module.function("requireValidator")(block, *proof)
    assert balance_gwei(block, *prover.balance(ours)) == 3 * GWEI
    assert balance_gwei(block, *prover.balance(other)) == 2 * GWEI


def test_a_slashing_is_shown_by_the_next_block(chain: BeaconChain, module: Contract) -> None:
    """PRF-1, PRF-3."""
    culprit = 5
    before, time_before = _proven(chain)
    propose_twice(chain, culprit)
    after, time_after = _proven(chain)
    require_validator = module.function("requireValidator")
    for prover, timestamp, slashed in ((before, time_before, False), (after, time_after, True)):
        block, proof = prover.block(timestamp), prover.validator(culprit)
        assert proof.validator[3] is slashed
        require_validator(block, *proof)
        lie = proof._replace(validator=(*proof.validator[:3], not slashed, *proof.validator[4:]))
        assert error_of(module, "requireValidator", block, *lie).name == "ProofWrong"
    with fails(
        "ProofWrong",
        root=after.tree.header_fields.root,
        expected=before.tree.header_fields.root,
    ):
        require_validator(after.block(time_before), *after.validator(culprit))


def test_a_slashing_is_dated_by_its_epoch_whenever_it_is_shown(
    chain: BeaconChain, module: Contract
) -> None:
    """PRF-8: the chain's own time, and nothing of what follows moves it."""
    culprit = 5
    slashed_by = module.function("slashedBy")
    prover, timestamp = _proven(chain)
    with fails("NotSlashed", index=culprit):
        slashed_by(prover.block(timestamp), *prover.validator(culprit))
    propose_twice(chain, culprit)
    first, first_time = _proven(chain)
    slot = first.tree.header_slot
    assert bool(chain.store.state_at(slot).validators[culprit].slashed)
    assert not bool(chain.store.state_at(slot - 1).validators[culprit].slashed)
    per_epoch = int(chain.spec.SLOTS_PER_EPOCH)
    end = chain.time_at((slot // per_epoch + 1) * per_epoch - 1)
    assert slashed_by(first.block(first_time), *first.validator(culprit)) == end
    chain.run(2 * per_epoch)
    later, later_time = _proven(chain)
    assert slashed_by(later.block(later_time), *later.validator(culprit)) == end


def test_an_exit_is_asked_for_once_and_paid_out(settled: SettledChain, module: Contract) -> None:
    """PRF-8: exitable before the request, withdrawn once the chain has paid."""
    chain, index = settled.chain, settled.deposited
    exitable, withdrawn = module.function("requireExitable"), module.function("requireWithdrawn")
    prover, timestamp = _proven(chain)
    arguments = (prover.block(timestamp), *prover.validator(index))
    assert error_of(module, "requireExitable", *arguments).name == "NotExitable"
    chain.to_next_epoch()  # it must have been active for one
    prover, timestamp = _proven(chain)
    arguments = (prover.block(timestamp), *prover.validator(index))
    exitable(*arguments)
    assert error_of(module, "requireWithdrawn", *arguments).name == "NotWithdrawn"
    request_exit(chain, index)
    chain.run_until(_has_exit_epoch(index), most=20)
    prover, timestamp = _proven(chain)
    arguments = (prover.block(timestamp), *prover.validator(index))
    for name in ("requireExitable", "requireWithdrawn"):
        assert error_of(module, name, *arguments).name == name.replace("require", "Not")
    chain.run_until(lambda c: c.state.validators[index].effective_balance == 0, most=160)
    prover, timestamp = _proven(chain)
    withdrawn(prover.block(timestamp), *prover.validator(index))
    assert prover.validator(index).validator[2] == 0


def test_a_missed_slot_has_no_proof_and_the_next_block_shows_the_slot_before(
    chain: BeaconChain, module: Contract
) -> None:
    """PRF-1: the timestamp is two slots later than what it shows, and the slot says so."""
    slot = chain.run(1)[0].slot
    chain.participation.miss([slot + 1])
    missed, after = chain.run(2)
    assert (missed.missed, after.missed) == ("asked for", None)
    prover = _prover(chain, slot)
    block, proof = prover.block(chain.time_at(after.slot)), prover.validator(0)
    assert block.slot == slot
    module.function("requireValidator")(block, *proof)
    for wrong in (slot + 1, slot + 2):
        forged = (block._replace(slot=wrong), *proof)
        assert error_of(module, "requireValidator", *forged).name == "ProofWrong"
    nothing = chain.time_at(missed.slot)
    with fails("RootUnknown", timestamp=nothing):
        module.function("requireValidator")(block._replace(timestamp=nothing), *proof)


@pytest.mark.parametrize("age", [1, 40])
def test_an_older_block_is_shown_by_a_newer_state(
    chain: BeaconChain, module: Contract, age: int
) -> None:
    """PRF-2."""
    slot = chain.run(1)[0].slot
    chain.participation.miss([slot + 2])
    chain.run(age + 2)
    newer, timestamp = _proven(chain)
    older = _prover(chain, slot)
    block = older.older_block(newer.tree, timestamp)
    assert block.slot == slot < newer.tree.header_slot
    module.function("requireValidator")(block, *older.validator(1))
    balance_gwei = module.function("balanceGwei")(block, *older.balance(1))
    assert balance_gwei == int(chain.store.state_at(slot).balances[1])


def _proven(chain: BeaconChain) -> tuple[Prover, int]:
    """The state after one more block, and the time of the block after that."""
    slot = chain.run(1)[0].slot
    after = chain.run(1)[0]
    return _prover(chain, slot), chain.time_at(after.slot)


def _prover(chain: BeaconChain, slot: int) -> Prover:
    state = read_state(chain.spec, chain.store.state_at(slot).encode_bytes())
    return Prover(state, state_tree(state))


def _has_exit_epoch(index: int) -> Callable[[BeaconChain], bool]:
    return lambda chain: chain.state.validators[index].exit_epoch != chain.spec.FAR_FUTURE_EPOCH


def _has_all_keys(chain: BeaconChain) -> bool:
    known = {bytes(validator.pubkey) for validator in chain.state.validators}
    return known.issuperset(key.public_key for key in KEYS)
