"""Requests to the beacon chain that do not do what they say: row 49, and rules REQ and KEY-11."""

import pytest

from keel.chain.clock import jump
from keel.chain.revert import Reverted
from keel.chain.state import set_balance_wei
from keel.chain.system_contracts import dequeue_withdrawal_requests
from keel.consensus.deposit_data import DepositDataEntry
from keel.model.commitment import public_key_hash
from keel.model.constants import BPS, ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.incidents.stage import Naive
from tests.unit.contracts.exiting import PART_GWEI, Exiting, with_operators
from tests.unit.contracts.hands import next_reference_slot
from tests.unit.contracts.vaults import apply, inputs_of

WAITING_FRAMES = 5
TICKET_ETHER = 40


@pytest.fixture
def exiting(keel: Keel) -> Exiting:
    """One operator; 300 ETH of the pool."""
    return with_operators(keel, BPS)


def four_and_a_ticket(exiting: Exiting) -> list[DepositDataEntry]:
    """Validators, of which a ticket needs two."""
    entries = exiting.active(0, 4)
    buffered_wei = exiting.keel.quick.vault.bufferedWei()
    exiting.request_ticket(buffered_wei + TICKET_ETHER * ETHER)
    return entries


def pay_out(exiting: Exiting, *entries: DepositDataEntry) -> None:
    """Let the chain pay validators to WithdrawalVault, prove it, and report it."""
    keel = exiting.keel
    amount_wei = len(entries) * 32 * ETHER
    set_balance_wei(keel.rpc, keel.quick.withdrawal_vault.address, amount_wei)
    for entry in entries:
        exiting.withdraw(entry)
    exiting.end(*entries)
    ref_time = next_reference_slot(keel)
    hint = {"withdrawalsWei": amount_wei, "lastTicketHint": 1}
    apply(keel, inputs_of(keel, ref_time, -amount_wei, **hint))


def test_49_a_consensus_layer_that_ignores_an_exit(
    exiting: Exiting, naive: Naive, attacker: str
) -> None:
    """It ignores one that is too young, and one with a partial withdrawal pending."""
    young, first, second, _ = entries = four_and_a_ticket(exiting)
    exits = naive("TestNaiveExits", 32 * ETHER)
    exits.function("ask").send(young.pubkey, sender=attacker)
    with pytest.raises(Reverted):
        exits.function("ask").send(young.pubkey, sender=attacker)
    with fails("NothingMissing"):
        exits.function("ask").send(second.pubkey, sender=attacker)

    exiting.change(young, activation_epoch=exiting.epoch)
    with pytest.raises(Reverted, match="NotExitable"):
        exiting.ask(young)
    exiting.exits.requestPartialWithdrawals.send(
        [first.pubkey], [1], sender=exiting.manager, value_wei=1
    )
    exiting.ask(first)
    exiting.ask(second)
    assert exiting.exits.missingWei() == 0
    exiting.leave(second)
    dequeue_withdrawal_requests(exiting.keel.rpc)
    exiting.wait_for_a_state()
    exiting.ask(first)
    (request,) = dequeue_withdrawal_requests(exiting.keel.rpc)
    assert request.validator_pubkey == first.pubkey
    pay_out(exiting, first, second)
    assert exiting.keel.quick.queue.lastFinalised() == 1
    assert exiting.exits.standing(0)[0] == len(entries) - 2


def test_a_long_exit_queue_does_not_exit_everything(exiting: Exiting) -> None:
    """Nothing is paid out for days, and the ticket still waits: no third validator is asked."""
    first, second, third, fourth = four_and_a_ticket(exiting)
    exiting.ask(first)
    exiting.leave(second)
    exiting.note(second)
    for _ in range(WAITING_FRAMES):
        jump(exiting.keel.rpc, exiting.keel.profile.frame_seconds)
        for entry in (third, fourth):
            with fails("NothingMissing"):
                exiting.ask(entry)


def test_a_slashing_of_what_was_asked_for_holds_no_ticket_back(exiting: Exiting) -> None:
    """Its ether comes weeks later, so another one is asked in its place."""
    first, second, third, _ = four_and_a_ticket(exiting)
    exiting.ask(first)
    exiting.ask(second)
    with fails("NothingMissing"):
        exiting.ask(third)
    exiting.slash(first)
    exiting.end(first)
    exiting.ask(third)
    pay_out(exiting, second, third)
    assert exiting.keel.quick.queue.lastFinalised() == 1


def test_a_state_of_yesterday_does_not_count_what_has_come_twice(exiting: Exiting) -> None:
    """A validator that has been paid out is asked by a state from before; a proof ends it."""
    first, second, *_ = four_and_a_ticket(exiting)
    old = exiting.show()
    exiting.leave(first)
    set_balance_wei(exiting.keel.rpc, exiting.keel.quick.withdrawal_vault.address, 32 * ETHER)
    assert exiting.exits.missingWei() == 8 * ETHER
    exiting.ask(first, exiting.manager, shown=old)
    assert exiting.exits.missingWei() == 0
    exiting.withdraw(first)
    exiting.end(first)
    assert exiting.exits.missingWei() == 8 * ETHER
    exiting.ask(second)


def test_no_bond_goes_free_by_consolidations_that_the_chain_ignores(exiting: Exiting) -> None:
    """All parts would be one key's, which leaves with the bonds of validators that stay."""
    keeps, *others = exiting.active(0, 4)
    units, parts = exiting.keel.quick.bonds.bondOf(0)
    exiting.exits.requestConsolidations.send(
        [entry.pubkey for entry in others],
        [keeps.pubkey] * len(others),
        sender=exiting.manager,
        value_wei=len(others),
    )
    exiting.withdraw(keeps)
    assert exiting.keel.quick.bonds.bondOf(0) == (units - units // parts, len(others))
    exiting.slash(others[0])
    assert exiting.keel.quick.bonds.forfeitUnits() == (units - units // parts) // len(others)


def test_nobody_makes_others_leave_in_an_own_validators_place(keel: Keel) -> None:
    """An operator above its target cannot send tickets' need to one that is below."""
    exiting = with_operators(keel, 7_500, 2_500)
    three, (one,) = exiting.active(0, 3), exiting.active(1)
    keel.call_as_role(exiting.registry, "setOperator", 0, 1_000, 500, True)
    exiting.request_ticket(keel.quick.vault.bufferedWei() + TICKET_ETHER * ETHER)
    with fails("BelowTarget", operatorId=1, live=1, least=2):
        exiting.ask(one)
    for entry in three[:2]:
        exiting.ask(entry)
    assert exiting.leaving(one) == (0, 0, False)
    assert exiting.exits.leavingGwei() == 2 * PART_GWEI
    with fails("NothingMissing"):
        exiting.ask(three[2])


def test_a_manager_that_holds_its_exit_back_loses_the_validator(exiting: Exiting) -> None:
    """It asks with a partial withdrawal pending; then it can make no other, and anyone asks on."""
    (entry,) = exiting.active(0)
    exiting.exits.requestPartialWithdrawals.send(
        [entry.pubkey], [1], sender=exiting.manager, value_wei=1
    )
    exiting.ask(entry, exiting.manager)
    root = public_key_hash(entry.pubkey)
    for _ in range(2):
        exiting.wait_for_a_state()
        since = exiting.exits.leavingOf(root).since
        with fails("ExitUnderWay", pubkeyRoot=root, since=since):
            exiting.exits.requestPartialWithdrawals.send(
                [entry.pubkey], [1], sender=exiting.manager, value_wei=1
            )
        exiting.ask(entry)
