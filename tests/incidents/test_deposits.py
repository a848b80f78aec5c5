"""Keys and deposits: rows 8 to 11, and 29 and 30 of loops over operators.

Row 7, somebody else's credentials deposited first, waits for the proofs; until then row 8 is the
guard: nothing is staked once the deposit contract has changed since the keeper looked.
"""

import pytest

from keel.chain.deposit_contract import deposit_count
from keel.chain.revert import Reverted
from keel.consensus.deposit_data import execution_credentials, make_deposit_data
from keel.model.commitment import public_key_hash
from keel.model.constants import ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.incidents.stage import Naive
from tests.unit.contracts.hands import deposit, report
from tests.unit.contracts.validators import Validators, key_proofs, packed, signing_key

VALIDATOR_WEI = 32 * ETHER


@pytest.fixture
def validators(keel: Keel, victim: str) -> Validators:
    deposit(keel, victim, 50 * VALIDATOR_WEI)
    return Validators(keel)


def naive_registry(naive: Naive, keel: Keel) -> tuple[str, bytes]:
    return keel.quick.deposits.address, bytes(keel.quick.vault.withdrawalCredentials())


def test_8_the_deposit_root_that_was_vetted_is_stale(
    validators: Validators, naive: Naive, attacker: str
) -> None:
    keel = validators.keel
    entries = validators.new_entries(2)
    foreign = make_deposit_data(
        signing_key(0), execution_credentials(bytes.fromhex(attacker[2:])), 10**9
    )
    values = (foreign.pubkey, foreign.withdrawal_credentials, foreign.signature)

    registry = naive("TestNaiveRegistry", *naive_registry(naive, keel), value_wei=64 * ETHER)
    registry.function("addKey").send(packed(entries[:1]), sender=attacker)
    registry.function("vet").send(1, sender=attacker)
    seen_root = keel.quick.deposits.get_deposit_root()
    keel.quick.deposits.deposit.send(
        *values, foreign.deposit_data_root, sender=attacker, value_wei=ETHER
    )
    registry.function("stakeNext").send(1, sender=attacker)  # 32 ETH for whom the credentials name

    operator_id = validators.add_operator()
    proofs = key_proofs(operator_id, validators.add_keys(operator_id, entries), entries)
    root = keel.quick.deposits.get_deposit_root()
    arguments = (proofs, packed(entries), seen_root)
    with fails("DepositRootChanged", expected=seen_root, actual=root):
        keel.call_as_role(keel.quick.registry, "stake", *arguments)
    assert keel.quick.registry.totalStaked() == 0


def test_9_keys_are_swapped_after_vetting(
    validators: Validators, naive: Naive, attacker: str
) -> None:
    keel = validators.keel
    good, evil = validators.new_entries(2)
    registry = naive("TestNaiveRegistry", *naive_registry(naive, keel), value_wei=32 * ETHER)
    registry.function("addKey").send(packed([good]), sender=attacker)
    registry.function("vet").send(1, sender=attacker)
    registry.function("setKey").send(0, packed([evil]), sender=attacker)
    receipt = registry.function("stakeNext").send(1, sender=attacker)
    (event,) = keel.quick.deposits.events(receipt)
    assert event.inputs["pubkey"] == evil.pubkey

    operator_id = validators.add_operator()
    batch = validators.add_keys(operator_id, [good])
    proofs = key_proofs(operator_id, batch, [good])
    with fails("KeyNotInBatch", operatorId=operator_id, batch=batch, index=0):
        validators.stake(proofs, [evil])
    assert validators.add_keys(operator_id, [evil]) == batch + 1  # another commitment
    validators.stake(proofs, [good])


def test_10_the_same_key_twice(validators: Validators, naive: Naive, attacker: str) -> None:
    keel = validators.keel
    entry, other = validators.new_entries(2)
    registry = naive("TestNaiveRegistry", *naive_registry(naive, keel), value_wei=64 * ETHER)
    for _ in range(2):
        registry.function("addKey").send(packed([entry]), sender=attacker)
    registry.function("vet").send(2, sender=attacker)
    before = deposit_count(keel.quick.deposits)
    registry.function("stakeNext").send(2, sender=attacker)  # 64 ETH for one validator
    assert deposit_count(keel.quick.deposits) == before + 2

    first, second = validators.add_operator(), validators.add_operator()
    pair = [entry, other]
    own = key_proofs(first, validators.add_keys(first, [entry]), [entry])
    copied = key_proofs(second, validators.add_keys(second, pair), pair)
    validators.stake(own, [entry])
    with fails("KeyAlreadyStaked", pubkeyRoot=public_key_hash(entry.pubkey)):
        validators.stake(copied, pair)
    validators.stake(copied[1:], [other])
    assert keel.quick.registry.totalStaked() == 2


def test_11_one_invalid_key_stops_all(validators: Validators, naive: Naive, attacker: str) -> None:
    keel = validators.keel
    good, bad = validators.new_entries(2)
    spoiled = packed([bad])[:-1] + b"\x00"
    registry = naive("TestNaiveRegistry", *naive_registry(naive, keel), value_wei=64 * ETHER)
    registry.function("addKey").send(spoiled, sender=attacker)
    registry.function("addKey").send(packed([good]), sender=attacker)
    registry.function("vet").send(2, sender=attacker)
    for count in (1, 2):
        with pytest.raises(Reverted):
            registry.function("stakeNext").send(count, sender=attacker)

    honest, rogue = validators.add_operator(), validators.add_operator()
    of_honest = key_proofs(honest, validators.add_keys(honest, [good]), [good])
    of_rogue = key_proofs(rogue, validators.add_keys(rogue, [bad]), [bad])
    root = keel.quick.deposits.get_deposit_root()
    both = (of_rogue + of_honest, spoiled + packed([good]), root)
    with pytest.raises(Reverted):
        keel.call_as_role(keel.quick.registry, "stake", *both)
    validators.stake(of_honest, [good])
    assert keel.quick.registry.totalStaked() == 1


def test_29_a_loop_over_all_operators(validators: Validators, naive: Naive, attacker: str) -> None:
    keel = validators.keel
    registry = naive("TestNaiveRegistry", *naive_registry(naive, keel))
    costs = []
    for _ in range(2):
        registry.function("addOperators").send(200, False, sender=attacker)
        costs.append(registry.function("distribute").send(sender=attacker).gas_used)
    assert costs[1] > costs[0] + 1_000_000

    report(keel)
    few = (report(keel).gas_used, deposit_gas(keel, attacker))
    for _ in range(200):
        validators.add_operator()
    many = (report(keel).gas_used, deposit_gas(keel, attacker))
    assert all(abs(now - then) < 100 for now, then in zip(many, few, strict=True))


def deposit_gas(keel: Keel, depositor: str) -> int:
    """Of a second deposit."""
    vault, gas = keel.quick.vault, 0
    for _ in range(2):
        receipt = vault.deposit.send(depositor, depositor, sender=depositor, value_wei=ETHER)
        gas = receipt.gas_used
    return gas


def test_30_one_bad_operator_stops_calls_for_all(
    validators: Validators, naive: Naive, attacker: str
) -> None:
    keel = validators.keel
    registry = naive("TestNaiveRegistry", *naive_registry(naive, keel))
    registry.function("addOperators").send(3, False, sender=attacker)
    registry.function("addOperators").send(1, True, sender=attacker)
    with pytest.raises(Reverted):
        registry.function("distribute").send(sender=attacker)

    stopped, empty, honest = (validators.add_operator(limit) for limit in (10, 0, 10))
    keel.call_as_role(keel.quick.registry, "setOperator", stopped, 10, 10_000, False)
    report(keel)
    with fails("OperatorInactive", operatorId=stopped):
        validators.stake_new(stopped, 1)
    with fails("OperatorAtLimit", operatorId=empty, limit=0):
        validators.stake_new(empty, 1)
    validators.stake_new(honest, 2)
    report(keel)
    assert keel.quick.registry.totalStaked() == 2
