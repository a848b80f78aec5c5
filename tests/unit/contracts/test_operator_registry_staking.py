"""OperatorRegistry: which keys may be staked, and for whom (OPR-1, OPR-2, OPR-3)."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.clock import reverting
from keel.chain.contract import call_many
from keel.chain.deposit_contract import deposit_count, deposits_of
from keel.chain.revert import Reverted
from keel.consensus.deposit_data import DepositDataEntry
from keel.model.allocation import Operator, check_allocation
from keel.model.commitment import public_key_hash
from keel.model.constants import ETHER
from keel.model.errors import Refused
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.validators import KeyProof, Validators, key_proofs, packed
from tests.unit.contracts.vaults import change

FUNDS_WEI = 1_999 * ETHER
"""For 62 validators, with the first deposit."""


@pytest.fixture
def validators(keel: Keel) -> Validators:
    depositor = keel.actors.depositor.address
    to = (depositor, depositor)
    keel.quick.vault.deposit.send(*to, sender=depositor, value_wei=FUNDS_WEI)
    return Validators(keel)


@pytest.fixture
def batch(validators: Validators) -> tuple[list[KeyProof], list[DepositDataEntry]]:
    """Five keys of operator 0, committed and ready."""
    operator_id = validators.add_operator()
    entries = validators.new_entries(5)
    number = validators.add_keys(operator_id, entries)
    return key_proofs(operator_id, number, entries), entries


type Batch = tuple[list[KeyProof], list[DepositDataEntry]]


def staked(validators: Validators, operator_id: int = 0) -> int:
    return int(validators.registry.operator(operator_id).staked)


def test_staked_keys_reach_the_deposit_contract_and_are_recorded(
    validators: Validators, batch: Batch
) -> None:
    proofs, entries = batch
    quick = validators.keel.quick
    receipt = validators.stake(proofs, entries)
    deposited = [deposit.data for deposit in deposits_of(quick.deposits.events(receipt))]
    assert [(d.pubkey, d.signature, d.amount_gwei) for d in deposited] == [
        (entry.pubkey, entry.signature, entry.amount) for entry in entries
    ]
    recorded = [e.inputs for e in quick.registry.events(receipt, "KeyStaked")]
    assert [(e["operatorId"], e["pubkeyRoot"], e["pubkey"]) for e in recorded] == [
        (0, public_key_hash(entry.pubkey), entry.pubkey) for entry in entries
    ]
    roots = [public_key_hash(entry.pubkey) for entry in entries]
    asked = [quick.registry.isStaked.prepare(root) for root in (*roots, bytes(32))]
    assert call_many(validators.keel.rpc, asked) == [True] * 5 + [False]
    assert (staked(validators), quick.registry.totalStaked()) == (5, 5)


def test_some_keys_of_a_batch_may_be_staked_in_any_order(
    validators: Validators, batch: Batch
) -> None:
    proofs, entries = batch
    validators.stake([proofs[3], proofs[0]], [entries[3], entries[0]])
    validators.stake([proofs[4], proofs[1], proofs[2]], [entries[4], entries[1], entries[2]])
    assert staked(validators) == 5


def test_a_key_is_staked_once(validators: Validators, batch: Batch) -> None:
    """OPR-2."""
    proofs, entries = batch
    root = public_key_hash(entries[0].pubkey)
    with fails("KeyAlreadyStaked", pubkeyRoot=root):
        validators.stake([proofs[0], proofs[0]], [entries[0], entries[0]])
    validators.stake(proofs[:1], entries[:1])
    with fails("KeyAlreadyStaked", pubkeyRoot=root):
        validators.stake(proofs[:1], entries[:1])


def test_a_key_is_staked_once_though_several_commit_to_it(
    validators: Validators, batch: Batch
) -> None:
    """OPR-2."""
    proofs, entries = batch
    copier = validators.add_operator()
    copied = key_proofs(copier, validators.add_keys(copier, entries), entries)
    validators.stake(proofs[:1], entries[:1])
    with fails("KeyAlreadyStaked", pubkeyRoot=public_key_hash(entries[0].pubkey)):
        validators.stake(copied[:1], entries[:1])


@pytest.mark.parametrize("wrong", ["index", "proof", "deposit data root", "batch", "operator"])
def test_a_key_is_proven_at_its_place_in_its_batch(
    validators: Validators, batch: Batch, wrong: str
) -> None:
    proofs, entries = batch
    other = validators.add_operator()
    validators.add_keys(other, validators.new_entries(5))
    validators.add_keys(0, validators.new_entries(5))
    operator_id, number, index, proof = proofs[2]
    claims = {
        "index": (operator_id, number, index + 1, proof),
        "proof": (operator_id, number, index, proofs[1][3]),
        "deposit data root": proofs[2],
        "batch": (operator_id, number + 1, index, proof),
        "operator": (other, number, index, proof),
    }
    entry = entries[2]
    if wrong == "deposit data root":
        entry = replace(entry, deposit_data_root=entries[3].deposit_data_root)
    claim = claims[wrong]
    place = {"operatorId": claim[0], "batch": claim[1], "index": claim[2]}
    with fails("KeyNotInBatch", **place):
        validators.stake([claim], [entry])
    validators.stake([proofs[2]], [entries[2]])


def test_the_deposit_contract_refuses_what_the_root_does_not_fit(
    validators: Validators, batch: Batch
) -> None:
    proofs, entries = batch
    foreign = replace(entries[0], signature=entries[1].signature)
    with pytest.raises(Reverted, match="does not match supplied deposit_data_root"):
        validators.stake(proofs[:1], [foreign])
    assert staked(validators) == 0


def test_a_withdrawn_or_unknown_batch_gives_no_key(validators: Validators, batch: Batch) -> None:
    proofs, entries = batch
    validators.stake(proofs[:1], entries[:1])
    validators.registry.withdrawBatch.send(0, 0, sender=validators.manager)
    for missing in (0, 1):
        with fails("NothingToStake"):
            validators.stake([(0, missing, *proofs[1][2:])], entries[1:2])
    assert validators.registry.isStaked(public_key_hash(entries[0].pubkey))


def test_a_batch_without_a_root_gives_no_key(validators: Validators) -> None:
    operator_id = validators.add_operator()
    entries = validators.new_entries(1)
    arguments = (operator_id, bytes(32), packed(entries))
    validators.registry.addKeys.send(*arguments, sender=validators.manager)
    with fails("NothingToStake"):
        validators.stake([(operator_id, 0, 0, ())], entries)


def test_one_bad_key_stops_the_call_and_not_the_next(validators: Validators, batch: Batch) -> None:
    proofs, entries = batch
    deposits = validators.keel.quick.deposits
    before = deposit_count(deposits)
    spoilt = (0, 0, 4, proofs[3][3])
    with fails("KeyNotInBatch", operatorId=0, batch=0, index=4):
        validators.stake([*proofs[:4], spoilt], entries)
    assert (staked(validators), deposit_count(deposits)) == (0, before)
    validators.stake(proofs[:4], entries[:4])
    assert (staked(validators), deposit_count(deposits)) == (4, before + 4)


@pytest.mark.parametrize("order", ["gone own gone own", "own gone own gone", "own own gone own"])
def test_a_batch_that_is_withdrawn_in_between_stops_nobody_else(
    validators: Validators, batch: Batch, order: str
) -> None:
    """OPR-7: the operator that withdraws before each stake is left out, the others get theirs."""
    _, entries = batch
    runner = validators.add_operator()
    withdrawn = validators.new_entries(2)
    number = validators.add_keys(runner, withdrawn)
    gone = key_proofs(runner, number, withdrawn)
    validators.registry.withdrawBatch.send(runner, number, sender=validators.manager)
    keys = {"gone": iter(zip(gone, withdrawn, strict=True)), "own": iter(zip(*batch, strict=True))}
    mixed = [next(keys[whose]) for whose in order.split()]
    others = order.split().count("own")
    before = deposit_count(validators.keel.quick.deposits)
    receipt = validators.stake([proof for proof, _ in mixed], [entry for _, entry in mixed])
    events = validators.registry.events(receipt)
    skipped = [tuple(e.inputs.values()) for e in events if e.name == "KeySkipped"]
    assert skipped == [(runner, number, n) for n in range(len(mixed) - others)]
    staked_keys = [e.inputs["pubkey"] for e in events if e.name == "KeyStaked"]
    assert staked_keys == [entry.pubkey for entry in entries[:others]]
    assert deposit_count(validators.keel.quick.deposits) == before + others
    assert (staked(validators), validators.registry.operator(runner).staked) == (others, 0)
    with fails("NothingToStake"):
        validators.stake(gone, withdrawn)


def test_nobody_stakes_nothing(validators: Validators, batch: Batch) -> None:
    with fails("NothingToStake"):
        validators.stake([], [])
    with fails("NothingToStake"):
        validators.stake([], batch[1][:1])


@pytest.mark.parametrize("count", [0, 1, 3])
def test_every_proof_comes_with_its_deposit(
    validators: Validators, batch: Batch, count: int
) -> None:
    proofs, entries = batch
    with fails("DepositsLength", length=176 * count, expected=176 * 2):
        validators.stake(proofs[:2], entries[:count])


def test_the_deposit_root_must_be_the_one_the_caller_saw(
    validators: Validators, batch: Batch
) -> None:
    proofs, entries = batch
    actual = validators.keel.quick.deposits.get_deposit_root()
    seen = b"\x01" * 32
    with fails("DepositRootChanged", expected=seen, actual=actual):
        arguments = (proofs, packed(entries), seen)
        validators.keel.call_as_role(validators.registry, "stake", *arguments)


def test_an_inactive_operator_gets_no_validator(validators: Validators, batch: Batch) -> None:
    proofs, entries = batch
    keel, registry = validators.keel, validators.registry
    keel.call_as_role(registry, "setOperator", 0, 1_000, 10_000, False)
    assert not registry.mayStakeNext(0)
    with fails("OperatorInactive", operatorId=0):
        validators.stake(proofs[:1], entries[:1])
    keel.call_as_role(registry, "setOperator", 0, 1_000, 10_000, True)
    change(keel, 0)  # staking is closed without reports
    assert registry.mayStakeNext(0)
    validators.stake(proofs[:1], entries[:1])


def test_an_operator_grows_up_to_its_limit(validators: Validators, batch: Batch) -> None:
    proofs, entries = batch
    validators.keel.call_as_role(validators.registry, "setOperator", 0, 3, 10_000, True)
    change(validators.keel, 0)  # staking is closed without reports
    with fails("OperatorAtLimit", operatorId=0, limit=3):
        validators.stake(proofs[:4], entries[:4])
    validators.stake(proofs[:3], entries[:3])
    assert not validators.registry.mayStakeNext(0)
    with fails("OperatorAtLimit", operatorId=0, limit=3):
        validators.stake(proofs[3:4], entries[3:4])


def test_an_operator_that_does_not_exist_gets_no_validator(
    validators: Validators, batch: Batch
) -> None:
    proofs, entries = batch
    with fails("NoSuchOperator", operatorId=1):
        validators.stake([(1, *proofs[0][1:])], entries[:1])


def test_an_operator_stays_within_its_target_plus_one(validators: Validators) -> None:
    half, rest = validators.add_operator(target_bps=5_000), validators.add_operator()
    entries = validators.new_entries(4)
    proofs = key_proofs(half, validators.add_keys(half, entries), entries)
    validators.stake(proofs[:2], entries[:2])
    with fails("OperatorAboveTarget", operatorId=half, staked=3, max=2):
        validators.stake(proofs[2:3], entries[2:3])
    validators.stake_new(rest, 1)
    validators.stake(proofs[2:3], entries[2:3])
    with fails("OperatorAboveTarget", operatorId=half, staked=4, max=3):
        validators.stake(proofs[3:4], entries[3:4])


SHARES_BPS = (1_000, 3_333, 10_000)
LIMIT = 8


@pytest.fixture
def operators(validators: Validators) -> list[Batch]:
    """Operators with these target shares, a limit, and more keys than that."""
    batches = []
    for share_bps in SHARES_BPS:
        operator_id = validators.add_operator(LIMIT, share_bps)
        entries = validators.new_entries(LIMIT + 6)
        number = validators.add_keys(operator_id, entries)
        batches.append((key_proofs(operator_id, number, entries), entries))
    return batches


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(calls=st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), max_size=8))
def test_validators_go_where_the_model_lets_them(
    validators: Validators, operators: list[Batch], calls: list[list[int]]
) -> None:
    model = [Operator(i, True, LIMIT, share_bps) for i, share_bps in enumerate(SHARES_BPS)]
    with reverting(validators.keel.rpc):
        for call in calls:
            model = stake_as_the_model(validators, operators, model, call)
            counts = [staked(validators, operator.operator_id) for operator in model]
            assert counts == [operator.staked for operator in model]


def stake_as_the_model(
    validators: Validators, batches: list[Batch], model: list[Operator], call: list[int]
) -> list[Operator]:
    """Stake the next keys of these operators in one call, if the model lets them have all."""
    total, after = sum(operator.staked for operator in model), list(model)
    proofs, entries = [], []
    refusal: Refused | None = None
    for place, operator_id in enumerate(call):
        operator = after[operator_id]
        refusal = refusal or refusal_of(operator, total + place)
        proofs.append(batches[operator_id][0][operator.staked])
        entries.append(batches[operator_id][1][operator.staked])
        after[operator_id] = replace(operator, staked=operator.staked + 1)
    if refusal is None:
        validators.stake(proofs, entries)
        return after
    with fails(type(refusal).__name__, **refusal.arguments):
        validators.stake(proofs, entries)
    return model


def refusal_of(operator: Operator, total: int) -> Refused | None:
    """Why the model does not let this operator have the next validator."""
    try:
        check_allocation(operator, total)
    except Refused as refusal:
        return refusal
    return None


@pytest.mark.parametrize("share_bps", [0, 1, 2_500, 9_999, 10_000])
def test_the_view_says_who_may_get_the_next_one(validators: Validators, share_bps: int) -> None:
    rest = validators.add_operator()
    operator = Operator(validators.add_operator(3, share_bps), True, 3, share_bps)
    total = 0
    for _ in range(4):
        refusal = refusal_of(operator, total)
        may = validators.registry.mayStakeNext(operator.operator_id)
        assert may == (refusal is None)
        if may:
            validators.stake_new(operator.operator_id, 1)
            operator, total = replace(operator, staked=operator.staked + 1), total + 1
        validators.stake_new(rest, 1)
        total += 1


def test_validators_cost_little_to_fund(validators: Validators, batch: Batch) -> None:
    validators.stake(*batch)
    receipt = validators.stake_new(0, 20)
    assert receipt.gas_used <= 20 * 75_000
