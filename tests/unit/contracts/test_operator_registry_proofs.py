"""OperatorRegistry: keys whose validators are proven by the real verifier (KEY-3)."""

from typing import Any

import pytest

from keel.chain.clock import jump
from keel.chain.system_contracts import set_beacon_root
from keel.model.commitment import public_key_hash
from keel.model.key_stage import Stage
from keel.model.keys import NEVER_EPOCH
from tests.beacon_record import BeaconValidator
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.validators import (
    FOREIGN_CREDENTIALS,
    Validators,
    bring_to,
    leads_elsewhere,
    with_two_operators,
)

OWN, OTHER = 0, 1


@pytest.fixture
def validators(keel: Keel) -> Validators:
    return with_two_operators(keel)


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
