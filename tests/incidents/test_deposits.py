"""Keys and deposits: rows 7 to 11, and 29 and 30 of loops over operators."""

import pytest

from keel.chain.deposit_contract import deposit_count, deposits_of
from keel.chain.revert import Reverted
from keel.consensus.deposit_data import execution_credentials
from keel.model.commitment import public_key_hash
from keel.model.constants import ETHER
from tests.beacon_record import BeaconValidator
from tests.causes import fails
from tests.deployment import Keel
from tests.incidents.stage import Naive
from tests.unit.contracts.hands import deposit, report
from tests.unit.contracts.validators import Validators, leads_elsewhere, packed

VALIDATOR_WEI = 32 * ETHER


@pytest.fixture
def validators(keel: Keel, victim: str) -> Validators:
    deposit(keel, victim, 50 * VALIDATOR_WEI)
    return Validators(keel)


def naive_registry(naive: Naive, keel: Keel) -> tuple[str, bytes]:
    return keel.quick.deposits.address, bytes(keel.quick.vault.withdrawalCredentials())


def theirs(attacker: str) -> bytes:
    return execution_credentials(bytes.fromhex(attacker[2:]))


def test_7_somebody_deposits_first_with_other_credentials(
    validators: Validators, naive: Naive, attacker: str
) -> None:
    """The chain takes the credentials of the first deposit: what follows is the thief's."""
    keel = validators.keel
    stolen, own = validators.new_entries(2)
    registry = naive("TestNaiveRegistry", *naive_registry(naive, keel), value_wei=32 * ETHER)
    registry.function("addKey").send(
        packed([validators.full_deposit_of(stolen.pubkey)]), sender=attacker
    )
    registry.function("vet").send(1, sender=attacker)
    validators.deposit_first(stolen.pubkey, theirs(attacker))
    receipt = registry.function("stakeNext").send(1, sender=attacker)
    (lost,) = deposits_of(keel.quick.deposits.events(receipt))
    assert lost.data.amount_gwei == 32 * 10**9
    validators.beacon.add(BeaconValidator(stolen.pubkey, lost.data.withdrawal_credentials))
    place = validators.beacon.places[stolen.pubkey]
    paid_to = validators.beacon.validators[place].withdrawal_credentials
    assert paid_to == theirs(attacker)

    rogue, honest = validators.add_operator(), validators.add_operator()
    validators.predeposit(rogue, [stolen])  # its own ether
    validators.predeposit(honest, [own])
    with leads_elsewhere(validators.root()):
        validators.prove([stolen, own])
    validators.prove([own])
    before = keel.quick.vault.totals()
    validators.prove_one(stolen.pubkey)
    assert keel.quick.registry.operator(rogue).frozen
    assert keel.quick.vault.totals() == before
    receipt = validators.stake([stolen, own])
    deposited = deposits_of(keel.quick.deposits.events(receipt))
    assert [deposit.data.pubkey for deposit in deposited] == [own.pubkey]


def test_8_what_was_vetted_changes_before_the_ether_follows(
    validators: Validators, naive: Naive, attacker: str
) -> None:
    """Between a look and the stake; after a proof there is nothing left that could change."""
    keel = validators.keel
    first, second = validators.new_entries(2)
    registry = naive("TestNaiveRegistry", *naive_registry(naive, keel), value_wei=32 * ETHER)
    registry.function("addKey").send(
        packed([validators.full_deposit_of(first.pubkey)]), sender=attacker
    )
    registry.function("vet").send(1, sender=attacker)
    validators.deposit_first(first.pubkey, theirs(attacker))
    registry.function("stakeNext").send(1, sender=attacker)  # 32 ETH for whom the credentials name

    operator_id = validators.add_operator()
    validators.predeposit(operator_id, [second])
    validators.prove([second])
    validators.deposit_first(second.pubkey, theirs(attacker))  # a gift to the holders
    validators.stake([second])
    place = validators.beacon.places[second.pubkey]
    assert validators.beacon.validators[place].withdrawal_credentials == validators.credentials


def test_9_keys_are_swapped_after_vetting(
    validators: Validators, naive: Naive, attacker: str
) -> None:
    keel = validators.keel
    good, evil = validators.new_entries(2)
    full = [validators.full_deposit_of(entry.pubkey) for entry in (good, evil)]
    registry = naive("TestNaiveRegistry", *naive_registry(naive, keel), value_wei=32 * ETHER)
    registry.function("addKey").send(packed(full[:1]), sender=attacker)
    registry.function("vet").send(1, sender=attacker)
    registry.function("setKey").send(0, packed(full[1:]), sender=attacker)
    receipt = registry.function("stakeNext").send(1, sender=attacker)
    (event,) = keel.quick.deposits.events(receipt)
    assert event.inputs["pubkey"] == evil.pubkey

    operator_id = validators.add_operator()
    validators.predeposit(operator_id, [good])
    with leads_elsewhere(validators.root()):
        swapped = next(validators.beacon.show(keel.rpc).fresh([good.pubkey]))
        evil_root = public_key_hash(evil.pubkey)
        leaves = [
            evil_root if leaf == public_key_hash(good.pubkey) else leaf for leaf in swapped[3]
        ]
        arguments = (*swapped[:3], leaves, *swapped[4:])
        keel.quick.registry.proveFresh.send(*arguments, sender=attacker)
    validators.prove([good])
    with fails("NothingToStake"):
        validators.stake([evil])
    validators.stake([good])


def test_10_the_same_key_twice(validators: Validators, naive: Naive, attacker: str) -> None:
    keel = validators.keel
    entry, other = validators.new_entries(2)
    full = validators.full_deposit_of(entry.pubkey)
    registry = naive("TestNaiveRegistry", *naive_registry(naive, keel), value_wei=64 * ETHER)
    for _ in range(2):
        registry.function("addKey").send(packed([full]), sender=attacker)
    registry.function("vet").send(2, sender=attacker)
    before = deposit_count(keel.quick.deposits)
    registry.function("stakeNext").send(2, sender=attacker)  # 64 ETH for one validator
    assert deposit_count(keel.quick.deposits) == before + 2

    first, second = validators.add_operator(), validators.add_operator()
    validators.predeposit(first, [entry])
    receipt = validators.predeposit(second, [other, entry])  # the known one is passed over
    (entered,) = keel.quick.registry.events(receipt, "KeyPredeposited")
    assert entered.inputs["pubkey"] == other.pubkey
    validators.prove([entry, other])
    validators.stake([entry, entry, other, entry])
    assert keel.quick.registry.totals().staked == 2


def test_11_one_invalid_key_stops_all(validators: Validators, naive: Naive, attacker: str) -> None:
    keel = validators.keel
    good, bad = validators.new_entries(2)
    full = [validators.full_deposit_of(entry.pubkey) for entry in (bad, good)]
    registry = naive("TestNaiveRegistry", *naive_registry(naive, keel), value_wei=64 * ETHER)
    registry.function("addKey").send(packed(full[:1])[:-1] + b"\x00", sender=attacker)
    registry.function("addKey").send(packed(full[1:]), sender=attacker)
    registry.function("vet").send(2, sender=attacker)
    for count in (1, 2):
        with pytest.raises(Reverted):
            registry.function("stakeNext").send(count, sender=attacker)

    honest, rogue = validators.add_operator(), validators.add_operator()
    validators.predeposit(honest, [good])
    spoiled = packed([bad])[:-1] + b"\x00"
    with pytest.raises(Reverted):
        keel.quick.registry.predeposit.send(
            rogue, spoiled, False, sender=validators.manager, value_wei=ETHER
        )
    validators.prove([good])
    validators.stake([bad, good])
    assert keel.quick.registry.totals().staked == 1


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
    entries = [entry for i in (stopped, empty, honest) for entry in validators.proven(i, 2)]
    for bad in (entries[:2], entries[2:4]):
        with fails("NothingToStake"):
            validators.stake(bad)
    validators.stake(entries)
    report(keel)
    assert keel.quick.registry.totals().staked == 2
    assert keel.quick.registry.operator(honest).staked == 2
