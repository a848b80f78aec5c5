"""OperatorRegistry: keys whose validators are proven by the real verifier (KEY-3, KEY-4)."""

from typing import Any

import pytest

from keel.chain.clock import jump, reverting
from keel.chain.state import runtime_code, set_runtime_code
from keel.chain.system_contracts import set_beacon_root
from keel.model.commitment import public_key_hash
from keel.model.constants import ETHER
from keel.model.key_stage import Stage
from keel.model.keys import NEVER_EPOCH
from tests.beacon_record import BeaconValidator
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import deposit, report
from tests.unit.contracts.validators import (
    FOREIGN_CREDENTIALS,
    Validators,
    bring_to,
    leads_elsewhere,
)

OWN, OTHER = 0, 1


@pytest.fixture
def validators(keel: Keel) -> Validators:
    """Two operators, with ether for validators in the vault."""
    deposit(keel, str(keel.actors.depositor.address), 300 * ETHER)
    made = Validators(keel)
    made.add_operator()
    made.add_operator()
    return made


def test_a_stranger_proves_keys_of_several_operators_in_one_batch(validators: Validators) -> None:
    """KEY-3: indices are where the chain put them; nothing else is said of the keys."""
    first, second, third = validators.new_entries(3)
    validators.predeposit(OWN, [first])
    validators.predeposit(OTHER, [second, third])
    places = [validators.beacon.places[e.pubkey] for e in (first, second, third)]
    books = validators.keel.quick.vault.totals()
    receipt = validators.prove([first, second, third])
    proven = validators.registry.events(receipt, "KeyProven")
    assert [tuple(e.inputs.values()) for e in proven] == [
        (operator_id, public_key_hash(entry.pubkey), place)
        for operator_id, entry, place in zip(
            (OWN, OTHER, OTHER), (first, second, third), places, strict=True
        )
    ]
    key = validators.registry.keyOf(public_key_hash(third.pubkey))
    assert key == (OTHER, Stage.PROVEN, places[2], 0)
    assert validators.keel.quick.vault.totals() == books


def test_nobody_spoils_a_batch_by_proving_one_of_it_first(validators: Validators) -> None:
    """KEY-3: proven, staked, dropped and unknown keys are passed over."""
    entries = validators.new_entries(6)
    unknown, early, staked, dropped, *rest = entries
    validators.beacon.add(BeaconValidator(unknown.pubkey, validators.credentials))
    validators.predeposit(OWN, [early, staked, dropped, *rest])
    batch = list(validators.beacon.show(validators.keel.rpc).fresh(e.pubkey for e in entries))
    validators.prove([early, staked])
    validators.stake([staked])
    validators.drop(OWN, [dropped])
    (arguments,) = batch
    receipt = validators.registry.proveFresh.send(*arguments, sender=validators.anyone)
    proven = validators.registry.events(receipt, "KeyProven")
    assert [e.inputs["pubkeyRoot"] for e in proven] == [public_key_hash(e.pubkey) for e in rest]
    assert validators.stages(entries) == [
        Stage.NONE,
        Stage.PROVEN,
        Stage.STAKED,
        Stage.DROPPED,
        Stage.PROVEN,
        Stage.PROVEN,
    ]
    with fails("NothingToProve"):
        validators.registry.proveFresh.send(*arguments, sender=validators.anyone)


def test_keys_that_a_batch_only_carries_are_not_proven(validators: Validators) -> None:
    """KEY-3: what is not marked as fresh fills the batch and is shown to be nothing."""
    entries = validators.new_entries(4)
    validators.predeposit(OWN, entries)
    validators.prove([entries[0], entries[3]])
    assert validators.stages(entries) == [
        Stage.PROVEN,
        Stage.PREDEPOSITED,
        Stage.PREDEPOSITED,
        Stage.PROVEN,
    ]


@pytest.mark.parametrize(
    "differs",
    [
        {"withdrawal_credentials": FOREIGN_CREDENTIALS},
        {"effective_balance_gwei": 2 * 10**9},
        {"slashed": True},
        {"exit_epoch": 9},
        {"activation_epoch": 9},
    ],
)
def test_a_validator_that_is_not_fresh_is_in_no_batch(
    validators: Validators, differs: dict[str, Any]
) -> None:
    """KEY-3: the proof leads elsewhere; its neighbours are proven without it."""
    good, bad = validators.new_entries(2)
    validators.predeposit(OWN, [good, bad])
    validators.beacon.change(bad.pubkey, **differs)
    shown = validators.beacon.show(validators.keel.rpc)
    (arguments,) = shown.fresh([good.pubkey, bad.pubkey])
    with leads_elsewhere(validators.root()):
        validators.registry.proveFresh.send(*arguments, sender=validators.anyone)
    validators.prove([good])
    assert validators.stages([good, bad]) == [Stage.PROVEN, Stage.PREDEPOSITED]


def test_a_key_that_the_chain_does_not_know_is_proven_by_nothing(validators: Validators) -> None:
    """KEY-2: a void signature makes no validator."""
    (entry,) = validators.new_entries(1)
    validators.predeposit(OWN, [entry])
    shown = validators.beacon.show(validators.keel.rpc)
    arguments = next(shown.fresh([entry.pubkey]))
    del validators.beacon.validators[-1]
    validators.beacon.add(BeaconValidator(b"\x99" * 48, validators.credentials))
    validators.beacon.show(validators.keel.rpc)
    with leads_elsewhere(validators.root()):
        validators.registry.proveFresh.send(*arguments, sender=validators.anyone)


def test_a_block_that_the_chain_has_no_root_of_proves_nothing(validators: Validators) -> None:
    """PRF-1: another time, or one of 8,191 slots ago that was overwritten."""
    (entry,) = validators.new_entries(1)
    validators.predeposit(OWN, [entry])
    shown = validators.beacon.show(validators.keel.rpc)
    block, *rest = next(shown.fresh([entry.pubkey]))
    for timestamp in (block.timestamp - 1, block.timestamp + 1):
        with fails("RootUnknown", timestamp=timestamp):
            validators.registry.proveFresh.send(
                block._replace(timestamp=timestamp), *rest, sender=validators.anyone
            )
    later = block.timestamp + 8191
    set_beacon_root(validators.keel.rpc, later, b"\x01" * 32)
    with fails("RootUnknown", timestamp=block.timestamp):
        validators.registry.proveFresh.send(block, *rest, sender=validators.anyone)
    validators.prove([entry])


def test_an_old_block_proves_as_a_new_one(validators: Validators) -> None:
    (entry,) = validators.new_entries(1)
    validators.predeposit(OWN, [entry])
    arguments = next(validators.beacon.show(validators.keel.rpc).fresh([entry.pubkey]))
    jump(validators.keel.rpc, 24 * 3600)
    validators.registry.proveFresh.send(*arguments, sender=validators.anyone)
    assert validators.stages([entry]) == [Stage.PROVEN]


@pytest.mark.parametrize("gift_gwei", [10**9, 31 * 10**9])
def test_a_gift_before_the_proof_asks_for_the_whole_validator(
    validators: Validators, gift_gwei: int
) -> None:
    """KEY-3, KEY-7: the most that a stranger's ether can do; an active validator is taken too."""
    (entry,) = validators.new_entries(1)
    validators.predeposit(OWN, [entry])
    epochs = {"activation_eligibility_epoch": 3, "activation_epoch": 9}
    validators.beacon.change(
        entry.pubkey,
        effective_balance_gwei=10**9 + gift_gwei,
        **(epochs if gift_gwei == 31 * 10**9 else {}),
    )
    with leads_elsewhere(validators.root()):
        validators.prove([entry])
    place = validators.beacon.places[entry.pubkey]
    receipt = validators.prove_one(entry.pubkey)
    (proven,) = validators.registry.events(receipt)
    assert (proven.name, *proven.inputs.values()) == (
        "KeyProven",
        OWN,
        public_key_hash(entry.pubkey),
        place,
    )
    validators.stake([entry])
    assert validators.stages([entry]) == [Stage.STAKED]


@pytest.mark.parametrize(
    ("slashed", "exit_epoch"), [(True, 9), (True, NEVER_EPOCH), (False, 9), (False, 0)]
)
def test_a_validator_that_is_leaving_is_refused_by_name(
    validators: Validators, slashed: bool, exit_epoch: int
) -> None:
    """KEY-3."""
    (entry,) = validators.new_entries(1)
    validators.predeposit(OWN, [entry])
    validators.beacon.change(entry.pubkey, slashed=slashed, exit_epoch=exit_epoch)
    place = validators.beacon.places[entry.pubkey]
    with fails("ValidatorLeaving", validatorIndex=place, slashed=slashed, exitEpoch=exit_epoch):
        validators.prove_one(entry.pubkey)
    assert validators.stages([entry]) == [Stage.PREDEPOSITED]
    validators.drop(OWN, [entry])


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


BEYOND_PROOF = [Stage.NONE, Stage.DROPPED, Stage.STAKED, Stage.SLASHED, Stage.WITHDRAWN]


@pytest.mark.parametrize("stage", BEYOND_PROOF)
def test_only_a_key_that_waits_is_proven(validators: Validators, stage: Stage) -> None:
    """KEY-1: a key that is staked stays so, whatever its validator looks like later."""
    entry, other = validators.new_entries(2)
    bring_to(validators, OWN, entry, stage)
    validators.beacon.add(BeaconValidator(entry.pubkey, validators.credentials))
    validators.beacon.change(entry.pubkey, withdrawal_credentials=FOREIGN_CREDENTIALS)
    root = public_key_hash(entry.pubkey)
    with fails("WrongStage", pubkeyRoot=root, stage=stage, expected=Stage.PREDEPOSITED):
        validators.prove_one(entry.pubkey)
    assert not validators.registry.operator(OWN).frozen
    validators.predeposit(OTHER, [other])
    validators.prove_one(other.pubkey)


@pytest.mark.parametrize("stage", [Stage.PROVEN, Stage.FOREIGN])
def test_what_is_known_is_not_proven_again(validators: Validators, stage: Stage) -> None:
    """KEY-3: whoever pays for gas learns that nothing would change."""
    (entry,) = validators.new_entries(1)
    bring_to(validators, OWN, entry, stage)
    with fails("NothingToProve"):
        validators.prove_one(entry.pubkey)


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
    verifier = keel.quick.proofs.address
    code = runtime_code(keel.rpc, verifier)
    set_runtime_code(keel.rpc, verifier, bytes.fromhex("00"))  # agrees with everything
    registry.proveKey.send(block, index, lie, branch, sender=validators.anyone)
    assert validators.stages([entry]) == [was]
    set_runtime_code(keel.rpc, verifier, code)

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


def test_a_proof_costs_little(validators: Validators) -> None:
    """One alone, and 32 that the chain put side by side."""
    (alone,) = validators.new_entries(1)
    validators.predeposit(OWN, [alone])
    assert validators.prove([alone]).gas_used <= 92_000 * 13 // 10
    filling = -len(validators.beacon.validators) % 32
    validators.beacon.add(
        *(BeaconValidator(bytes([0xDD, n]) * 24, b"\x01" * 32) for n in range(filling))
    )
    together = validators.new_entries(32)
    validators.predeposit(OWN, together)
    assert validators.prove(together).gas_used <= 32 * 12_500
