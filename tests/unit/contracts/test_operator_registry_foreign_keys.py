"""OperatorRegistry: keys of foreign credentials, and the operator that they freeze (KEY-4)."""

import pytest

from keel.chain.clock import reverting
from keel.model.commitment import public_key_hash
from keel.model.key_stage import Stage
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import report
from tests.unit.contracts.validators import (
    FOREIGN_CREDENTIALS,
    Validators,
    bring_to,
    broken_verifier,
    leads_elsewhere,
    with_two_operators,
)

OWN, OTHER = 0, 1


@pytest.fixture
def validators(keel: Keel) -> Validators:
    return with_two_operators(keel)


def test_a_lie_about_a_validator_leads_to_another_root(validators: Validators) -> None:
    """KEY-4: nobody freezes an operator without a validator that pays elsewhere."""
    (entry,) = validators.new_entries(1)
    validators.predeposit(OWN, [entry])
    shown = validators.beacon.show(validators.keel.rpc)
    block, index, validator, branch = shown.key(entry.pubkey)
    foreign = (validator[0], FOREIGN_CREDENTIALS, *validator[2:])
    leaving = (*validator[:6], 9, validator[7])
    stranger = (public_key_hash(entry.pubkey), *shown.key(shown_key(validators))[2][1:])
    for lie in (foreign, leaving, stranger):
        with leads_elsewhere(validators.root()):
            validators.registry.proveKey.send(block, index, lie, branch, sender=validators.anyone)
    assert not validators.registry.operator(OWN).frozen
    validators.registry.proveKey.send(block, index, validator, branch, sender=validators.anyone)


def shown_key(validators: Validators) -> bytes:
    """A stranger's validator."""
    return validators.beacon.validators[0].pubkey


@pytest.mark.parametrize("was", [Stage.PROVEN, Stage.FOREIGN])
def test_a_replaced_verifier_corrects_what_a_broken_one_showed(
    validators: Validators, was: Stage
) -> None:
    """KEY-3, KEY-4, MOD-1: both ways, before the key is staked; OPERATORS ends the freeze."""
    keel, registry = validators.keel, validators.registry
    (entry,) = validators.new_entries(1)
    theirs = FOREIGN_CREDENTIALS if was is Stage.PROVEN else validators.credentials
    validators.deposit_first(entry.pubkey, theirs)
    validators.predeposit(OWN, [entry])
    block, index, validator, branch = validators.beacon.show(keel.rpc).key(entry.pubkey)
    shown = validators.credentials if was is Stage.PROVEN else FOREIGN_CREDENTIALS
    lie = (validator[0], shown, *validator[2:])
    with broken_verifier(validators):
        registry.proveKey.send(block, index, lie, branch, sender=validators.anyone)
        assert validators.stages([entry]) == [was]

    validators.prove_one(entry.pubkey)
    assert validators.stages([entry]) == [Stage.FOREIGN if was is Stage.PROVEN else Stage.PROVEN]
    assert registry.operator(OWN).frozen
    with fails("NothingToStake"):
        validators.stake([entry])
    keel.call_as_role(registry, "unfreeze", OWN)
    report(keel)
    if was is Stage.PROVEN:
        with fails("NothingToStake"):
            validators.stake([entry])
    else:
        validators.stake([entry])


def test_foreign_credentials_freeze_the_operator_alone(validators: Validators) -> None:
    """KEY-4: the front-run: it deposits first, past the registry, with its own credentials."""
    stolen, own, others = validators.new_entries(3)
    books = validators.keel.quick.vault.totals()
    validators.predeposit(OWN, [own])
    validators.predeposit(OTHER, [others])
    validators.prove([own, others])
    validators.deposit_first(stolen.pubkey, FOREIGN_CREDENTIALS)
    validators.predeposit(OWN, [stolen])
    place = validators.beacon.places[stolen.pubkey]
    with leads_elsewhere(validators.root()):
        validators.prove([stolen])
    receipt = validators.prove_one(stolen.pubkey)
    (event,) = validators.registry.events(receipt)
    root = public_key_hash(stolen.pubkey)
    assert (event.name, *event.inputs.values()) == (
        "KeyForeign",
        OWN,
        root,
        place,
        FOREIGN_CREDENTIALS,
    )
    registry = validators.registry
    assert registry.keyOf(root).stage == Stage.FOREIGN
    assert [registry.operator(i).frozen for i in (OWN, OTHER)] == [True, False]
    assert [registry.mayStakeNext(i) for i in (OWN, OTHER)] == [False, True]
    assert validators.keel.quick.vault.totals() == books
    with fails("NothingToStake"):
        validators.stake([stolen, own])
    receipt = validators.stake([stolen, own, others])
    skipped = registry.events(receipt, "KeySkipped")
    assert [e.inputs["operatorId"] for e in skipped] == [OWN, OWN]
    assert validators.stages([stolen, own, others]) == [Stage.FOREIGN, Stage.PROVEN, Stage.STAKED]


def test_a_frozen_operator_predeposits_nothing_until_it_is_unfrozen(
    validators: Validators,
) -> None:
    """KEY-4: by a call of its own; the key stays foreign."""
    stolen, own, fresh = validators.new_entries(3)
    bring_to(validators, OWN, stolen, Stage.FOREIGN)
    with fails("OperatorFrozen", operatorId=OWN):
        validators.predeposit(OWN, [own])
    validators.predeposit(OTHER, [fresh])
    keel, registry = validators.keel, validators.registry
    keel.call_as_role(registry, "setOperator", OWN, 10, 10_000, True)
    assert registry.operator(OWN).frozen  # such a change may have been scheduled before
    receipt = keel.call_as_role(registry, "unfreeze", OWN)
    (event,) = registry.events(receipt)
    assert (event.name, *event.inputs.values()) == ("OperatorUnfrozen", OWN)
    assert not registry.operator(OWN).frozen
    assert validators.stages([stolen]) == [Stage.FOREIGN]
    report(keel)
    validators.predeposit(OWN, [own])
    validators.prove([own])
    validators.stake([own])


def test_only_a_frozen_operator_is_unfrozen(validators: Validators) -> None:
    """KEY-4: what was scheduled too early does nothing."""
    with reverting(validators.keel.rpc), fails("NotFrozen", operatorId=OWN):
        validators.keel.call_as_role(validators.registry, "unfreeze", OWN)
    (entry,) = validators.new_entries(1)
    bring_to(validators, OWN, entry, Stage.FOREIGN)
    with reverting(validators.keel.rpc), fails("NotFrozen", operatorId=OTHER):
        validators.keel.call_as_role(validators.registry, "unfreeze", OTHER)
    validators.keel.call_as_role(validators.registry, "unfreeze", OWN)


def test_a_second_validator_of_the_same_operator_freezes_it_again(validators: Validators) -> None:
    first, second = validators.new_entries(2)
    for entry in (first, second):
        validators.deposit_first(entry.pubkey, FOREIGN_CREDENTIALS)
    validators.predeposit(OWN, [first, second])
    validators.prove_one(first.pubkey)
    validators.keel.call_as_role(validators.registry, "unfreeze", OWN)
    validators.prove_one(second.pubkey)
    assert validators.registry.operator(OWN).frozen


def test_the_pools_own_credentials_of_the_other_type_are_ours(validators: Validators) -> None:
    """KEY-3: whoever deposits first with 0x02 pays to WithdrawalVault as well."""
    (entry,) = validators.new_entries(1)
    validators.deposit_first(entry.pubkey, b"\x02" + validators.credentials[1:])
    validators.predeposit(OWN, [entry])
    validators.prove_one(entry.pubkey)
    assert validators.stages([entry]) == [Stage.PROVEN]


@pytest.mark.parametrize("prefix", [b"\x00", b"\x03"])
def test_no_other_prefix_is_ours(validators: Validators, prefix: bytes) -> None:
    """KEY-4: 0x00 is a key's, 0x03 nobody's yet."""
    (entry,) = validators.new_entries(1)
    validators.deposit_first(entry.pubkey, prefix + validators.credentials[1:])
    validators.predeposit(OWN, [entry])
    validators.prove_one(entry.pubkey)
    assert validators.stages([entry]) == [Stage.FOREIGN]
