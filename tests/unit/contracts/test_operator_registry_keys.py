"""OperatorRegistry: how keys enter, and how operators take them back (KEY-1, KEY-2, KEY-5)."""

from dataclasses import replace

import pytest

from keel.chain.deposit_contract import deposit_count, deposits_of
from keel.chain.revert import Reverted
from keel.chain.state import balance_wei, impersonate, set_runtime_code
from keel.chain.transaction import Receipt
from keel.model.commitment import public_key_hash
from keel.model.constants import ETHER
from keel.model.key_stage import Stage
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.validators import (
    Validators,
    bring_to,
    leads_elsewhere,
    packed,
    with_two_operators,
)

KEY_BYTES = 176
NOT_WAITING = [s for s in Stage if s not in (Stage.PREDEPOSITED, Stage.PROVEN)]
REVERTS = bytes.fromhex("5f5ffd")


@pytest.fixture
def validators(keel: Keel) -> Validators:
    return with_two_operators(keel, 100 * ETHER)


def test_a_predeposit_sends_the_operators_ether_with_keels_credentials(
    validators: Validators,
) -> None:
    """KEY-1, KEY-2: to the real deposit contract, which checks the root of each."""
    quick, rpc = validators.keel.quick, validators.keel.rpc
    entries = validators.new_entries(3)
    books = (quick.vault.totals(), quick.vault.consensus(), quick.vault.bufferedWei())
    before_wei = balance_wei(rpc, quick.deposits.address)
    receipt = validators.predeposit(1, entries)
    assert balance_wei(rpc, quick.deposits.address) == before_wei + 3 * ETHER
    made = [deposit.data for deposit in deposits_of(quick.deposits.events(receipt))]
    assert [(d.pubkey, d.signature, d.withdrawal_credentials, d.amount_gwei) for d in made] == [
        (e.pubkey, e.signature, validators.credentials, 10**9) for e in entries
    ]
    entered = quick.registry.events(receipt, "KeyPredeposited")
    roots = [public_key_hash(entry.pubkey) for entry in entries]
    assert [tuple(e.inputs.values()) for e in entered] == [
        (1, root, entry.pubkey) for root, entry in zip(roots, entries, strict=True)
    ]
    for root in roots:
        assert quick.registry.keyOf(root) == (1, Stage.PREDEPOSITED, 0, 0)
    assert (quick.vault.totals(), quick.vault.consensus(), quick.vault.bufferedWei()) == books


@pytest.mark.parametrize("value_wei", [0, ETHER, 2 * ETHER - 1, 2 * ETHER + 1, 3 * ETHER])
def test_exactly_one_ether_comes_with_a_key(validators: Validators, value_wei: int) -> None:
    """KEY-2."""
    arguments = (0, packed(validators.new_entries(2)), False)
    registry, manager = validators.registry, validators.manager
    with fails("PredepositValue", sentWei=value_wei, neededWei=2 * ETHER):
        registry.predeposit.send(*arguments, sender=manager, value_wei=value_wei)
    registry.predeposit.send(*arguments, sender=manager, value_wei=2 * ETHER)


@pytest.mark.parametrize("length", [0, KEY_BYTES - 1, KEY_BYTES + 1, 2 * KEY_BYTES - 1])
def test_keys_come_whole(validators: Validators, length: int) -> None:
    with fails("KeysLength", length=length, keySize=KEY_BYTES):
        validators.registry.predeposit.send(0, bytes(length), False, sender=validators.manager)


def test_only_the_manager_predeposits(validators: Validators) -> None:
    keys = packed(validators.new_entries(1))
    for caller in (validators.anyone, str(validators.keel.holder_of("OPERATORS").address)):
        with fails("OnlyManager", operatorId=0, caller=caller):
            validators.registry.predeposit.send(0, keys, False, sender=caller, value_wei=ETHER)
    validators.registry.predeposit.send(0, keys, False, sender=validators.manager, value_wei=ETHER)


@pytest.mark.parametrize("stage", [s for s in Stage if s is not Stage.NONE])
def test_a_known_key_is_passed_over_and_its_ether_comes_back(
    validators: Validators, stage: Stage
) -> None:
    """KEY-1, KEY-2: whatever became of it, for the same operator and for others."""
    (known,), fresh = validators.new_entries(1), validators.new_entries(2)
    bring_to(validators, 0, known, stage)
    before = validators.registry.keyOf(public_key_hash(known.pubkey))
    assert before.stage == stage
    for operator_id, new in zip(
        (1, 0) if stage is not Stage.FOREIGN else (1,), fresh, strict=False
    ):
        with fails("NothingToPredeposit"):
            validators.predeposit(operator_id, [known])
        before_wei = balance_wei(validators.keel.rpc, validators.manager)
        receipt = validators.predeposit(operator_id, [known, new, known])
        paid_wei = before_wei - balance_wei(validators.keel.rpc, validators.manager)
        assert paid_wei == ETHER + receipt.fee_wei
        entered = validators.registry.events(receipt, "KeyPredeposited")
        assert [e.inputs["pubkey"] for e in entered] == [new.pubkey]
        assert deposits_made(validators, receipt) == [new.pubkey]
    assert validators.registry.keyOf(public_key_hash(known.pubkey)) == before


def test_a_key_enters_once_within_a_call(validators: Validators) -> None:
    """KEY-1, KEY-2."""
    first, second = validators.new_entries(2)
    receipt = validators.predeposit(0, [first, second, first, first])
    assert deposits_made(validators, receipt) == [first.pubkey, second.pubkey]
    assert balance_wei(validators.keel.rpc, validators.registry.address) == 0


def test_ether_that_cannot_go_back_stops_the_call(validators: Validators) -> None:
    """KEY-2: a manager whose code takes no ether keeps it by naming new keys only."""
    known, fresh = validators.new_entries(2)
    validators.predeposit(0, [known])
    impersonate(validators.keel.rpc, validators.manager)
    set_runtime_code(validators.keel.rpc, validators.manager, REVERTS)
    with fails("EtherReturnFailed", to=validators.manager, amountWei=ETHER):
        validators.predeposit(0, [known, fresh])
    assert validators.stages([fresh]) == [Stage.NONE]
    validators.predeposit(0, [fresh])


@pytest.mark.parametrize("compounding", [False, True])
def test_the_operator_chooses_its_type_of_credentials(
    validators: Validators, compounding: bool
) -> None:
    """KEY-2, KEY-3: 0x01 or 0x02, to the same address; a batch shows one type."""
    entries = validators.new_entries(2, compounding=compounding)
    receipt = validators.predeposit(0, entries)
    made = deposits_of(validators.keel.quick.deposits.events(receipt))
    prefix = b"\x02" if compounding else b"\x01"
    wanted = prefix + bytes(validators.credentials)[1:]
    assert {d.data.withdrawal_credentials for d in made} == {wanted}
    (arguments,) = validators.beacon.show(validators.keel.rpc).fresh(e.pubkey for e in entries)
    assert arguments[-1] is compounding
    with leads_elsewhere(validators.root()):
        other_type = (*arguments[:-1], not compounding)
        validators.registry.proveFresh.send(*other_type, sender=validators.anyone)
    validators.prove(entries)
    receipt = validators.stake(entries)
    assert validators.stages(entries) == [Stage.STAKED] * 2
    assert deposits_made(validators, receipt) == [entry.pubkey for entry in entries]


def test_the_signature_is_for_the_chosen_credentials(validators: Validators) -> None:
    """KEY-2: the deposit contract refuses a root over the other type."""
    (entry,) = validators.new_entries(1)
    keys = packed([entry])
    with pytest.raises(Reverted, match="does not match supplied deposit_data_root"):
        validators.registry.predeposit.send(
            0, keys, True, sender=validators.manager, value_wei=ETHER
        )
    validators.registry.predeposit.send(0, keys, False, sender=validators.manager, value_wei=ETHER)


@pytest.mark.parametrize("field", ["signature", "deposit_data_root"])
def test_the_deposit_contract_refuses_what_the_root_does_not_fit(
    validators: Validators, field: str
) -> None:
    """KEY-2: nothing of the call is left, and no ether."""
    good, other = validators.new_entries(2)
    bad = replace(good, **{field: getattr(other, field)})
    before = deposit_count(validators.keel.quick.deposits)
    with pytest.raises(Reverted, match="does not match supplied deposit_data_root"):
        validators.predeposit(0, [other, bad])
    assert validators.stages([good, other]) == [Stage.NONE] * 2
    assert deposit_count(validators.keel.quick.deposits) == before
    validators.predeposit(0, [other, good])


def test_a_deposit_of_32_ether_is_no_predeposit(validators: Validators) -> None:
    """KEY-2: the root says the amount."""
    (entry,) = validators.new_entries(1)
    full = validators.full_deposit_of(entry.pubkey)
    with pytest.raises(Reverted, match="does not match supplied deposit_data_root"):
        validators.predeposit(0, [full])
    validators.predeposit(0, [entry])


def test_a_manager_drops_keys_before_they_are_staked(validators: Validators) -> None:
    """KEY-5: for good, with no ether back."""
    waiting, proven = validators.new_entries(2)
    bring_to(validators, 1, waiting, Stage.PREDEPOSITED)
    bring_to(validators, 1, proven, Stage.PROVEN)
    roots = [public_key_hash(entry.pubkey) for entry in (waiting, proven)]
    before_wei = balance_wei(validators.keel.rpc, validators.manager)
    receipt = validators.registry.dropKeys.send(1, roots, sender=validators.manager)
    after_wei = balance_wei(validators.keel.rpc, validators.manager)
    assert after_wei == before_wei - receipt.fee_wei
    dropped = validators.registry.events(receipt, "KeyDropped")
    assert [tuple(e.inputs.values()) for e in dropped] == [(1, root) for root in roots]
    assert validators.stages([waiting, proven]) == [Stage.DROPPED] * 2
    with fails("NothingToProve"):
        validators.prove([waiting, proven])
    with fails("NothingToStake"):
        validators.stake([waiting, proven])


@pytest.mark.parametrize("stage", NOT_WAITING)
def test_no_other_key_is_dropped(validators: Validators, stage: Stage) -> None:
    """KEY-5: operator 0, whose number unknown keys have too."""
    entries = validators.new_entries(2)
    bring_to(validators, 0, entries[0], Stage.PREDEPOSITED)
    bring_to(validators, 0, entries[1], stage)
    roots = [public_key_hash(entry.pubkey) for entry in entries]
    with fails("WrongStage", pubkeyRoot=roots[1], stage=stage, expected=Stage.PROVEN):
        validators.registry.dropKeys.send(0, roots, sender=validators.manager)
    validators.registry.dropKeys.send(0, roots[:1], sender=validators.manager)


def test_nobody_drops_anothers_keys(validators: Validators) -> None:
    """KEY-5: neither another operator nor a stranger."""
    (entry,) = validators.new_entries(1)
    bring_to(validators, 1, entry, Stage.PROVEN)
    root, drop = public_key_hash(entry.pubkey), validators.registry.dropKeys
    with fails("NotKeyOf", operatorId=0, pubkeyRoot=root):
        drop.send(0, [root], sender=validators.manager)
    with fails("OnlyManager", operatorId=1, caller=validators.anyone):
        drop.send(1, [root], sender=validators.anyone)
    drop.send(1, [root], sender=validators.manager)


def test_who_copies_a_predeposit_pays_for_a_key_that_it_cannot_run(validators: Validators) -> None:
    """KEY-1, KEY-2: an operator takes another's keys from the mempool and is faster.

    The other one's transaction takes what is left, and it has its ether for the copied key back.
    """
    own, next_own = validators.new_entries(2)
    validators.predeposit(1, [own])  # the copier
    before_wei = balance_wei(validators.keel.rpc, validators.manager)
    receipt = validators.predeposit(0, [own, next_own])
    paid_wei = before_wei - balance_wei(validators.keel.rpc, validators.manager)
    assert paid_wei == ETHER + receipt.fee_wei
    keys = [validators.registry.keyOf(public_key_hash(e.pubkey)) for e in (own, next_own)]
    assert [key.operatorId for key in keys] == [1, 0]
    with fails("NothingToPredeposit"):
        validators.predeposit(0, [own, next_own])


def test_a_predeposit_costs_little(validators: Validators) -> None:
    validators.predeposit(0, validators.new_entries(1))
    receipt = validators.predeposit(0, validators.new_entries(20))
    assert receipt.gas_used <= 20 * 60_000


def deposits_made(validators: Validators, receipt: Receipt) -> list[bytes]:
    """Public keys that the deposit contract took, in this order."""
    events = validators.keel.quick.deposits.events(receipt)
    return [deposit.data.pubkey for deposit in deposits_of(events)]
