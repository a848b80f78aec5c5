"""Leaving before a loss, and what goes wrong in queues: rows 20 to 26 and 48."""

import pytest

from keel.chain.clock import jump_to, now, reverting
from keel.chain.revert import Reverted
from keel.chain.state import balance_wei
from keel.model.constants import ETHER
from keel.model.frames import State
from tests.causes import fails
from tests.deployment import Keel
from tests.incidents.stage import Naive, force
from tests.unit.contracts.hands import deposit, next_reference_slot, report
from tests.unit.contracts.vaults import apply, change, inputs_of, stake


def request(keel: Keel, holder: str, amount_wei: int) -> int:
    """A ticket of its holder."""
    keel.quick.queue.request.send(amount_wei, holder, sender=holder)
    return int(keel.quick.queue.lastTicket())


def test_20_leaving_before_a_known_slashing_is_reported(
    keel: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    queue = naive("TestNaiveQueue")
    force(keel, queue.address, 100 * ETHER)
    queue.function("request").send(50 * ETHER, sender=attacker)
    lost_wei = 20 * ETHER  # whatever is lost, the ticket keeps its face value
    queue.function("finalise").send(1, sender=attacker)
    queue.function("claim").send(1, sender=attacker)
    assert balance_wei(keel.rpc, queue.address) - lost_wei == 30 * ETHER

    vault, tickets = keel.quick.vault, keel.quick.queue
    deposit(keel, victim, 96 * ETHER)
    deposit(keel, attacker, 100 * ETHER)
    stake(keel, 3)
    ticket = request(keel, attacker, 100 * ETHER)
    held_wei = vault.balanceOf(victim)
    change(keel, -20 * ETHER)
    worth_wei = tickets.ticket(ticket).worthWei
    assert worth_wei == 90 * ETHER
    assert vault.balanceOf(victim) == held_wei * 9 // 10
    assert tickets.lastFinalised() == ticket


def test_21_queued_holders_keep_what_others_lose(
    keel: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    queue = naive("TestNaiveQueue")
    force(keel, queue.address, 60 * ETHER)  # of 100, when 40 have been lost
    for _ in range(2):
        queue.function("request").send(50 * ETHER, sender=attacker)
    queue.function("finalise").send(2, sender=attacker)
    queue.function("claim").send(1, sender=attacker)
    with pytest.raises(Reverted):
        queue.function("claim").send(2, sender=victim)

    vault, tickets = keel.quick.vault, keel.quick.queue
    deposit(keel, victim, 99 * ETHER)
    deposit(keel, attacker, 95 * ETHER)
    stake(keel, 5)
    ids = [request(keel, attacker, 30 * ETHER + turn) for turn in range(3)]
    total_wei = vault.totalSupply() + tickets.owedWei()
    change(keel, -33 * ETHER)
    change(keel, -17 * ETHER)
    worths_wei = sum(ticket.worthWei for ticket in tickets.tickets(ids))
    left_wei = vault.totalSupply() + worths_wei
    assert total_wei - 50 * ETHER - len(ids) <= left_wei <= total_wei - 50 * ETHER


def test_22_very_many_tickets_of_dust(keel: Keel, naive: Naive, attacker: str, victim: str) -> None:
    queue = naive("TestNaiveQueue")
    force(keel, queue.address, ETHER)
    costs = []
    for count in (10, 100):
        for _ in range(count):
            queue.function("request").send(1, sender=attacker)
        costs.append(queue.function("finaliseAll").send(sender=attacker).gas_used)
    assert costs[1] > 4 * costs[0]

    deposit(keel, attacker, 10 * ETHER)
    tickets = keel.quick.queue
    least_wei = tickets.MIN_TICKET_WEI()
    with fails(
        "AmountOutOfBounds",
        amountWei=least_wei - 1,
        minWei=least_wei,
        maxWei=tickets.MAX_TICKET_WEI(),
    ):
        request(keel, attacker, least_wei - 1)
    request(keel, attacker, least_wei)
    few = report(keel).gas_used
    for _ in range(4):
        amounts_wei = [least_wei] * 100
        tickets.requestMany.send(amounts_wei, attacker, sender=attacker)
    last = tickets.lastTicket()
    ref_time = next_reference_slot(keel)
    many = apply(keel, inputs_of(keel, ref_time, lastTicketHint=last)).gas_used
    assert tickets.lastFinalised() == last == 401
    assert many < few + 20_000
    first, middle = (tickets.claim.send(i, sender=victim).gas_used for i in (2, 300))
    assert abs(first - middle) < 5_000


def test_23_somebody_finalises_at_a_bad_moment(keel: Keel, naive: Naive, attacker: str) -> None:
    queue = naive("TestNaiveQueue")
    queue.function("request").send(ETHER, sender=attacker)
    queue.function("finalise").send(1, sender=attacker)
    assert queue.function("lastFinalised")() == 1

    vault, tickets = keel.quick.vault, keel.quick.queue
    deposit(keel, attacker, 10 * ETHER)
    first = request(keel, attacker, ETHER)
    with fails("StateNotDead", state=vault.state()):
        vault.finaliseWithoutReport.send(first, sender=attacker)
    with fails("OnlyVault", caller=attacker):
        tickets.settle.send(10**27, first, sender=attacker, value_wei=ETHER)
    ref_time = next_reference_slot(keel)
    jump_to(keel.rpc, ref_time + 1)
    later = request(keel, attacker, ETHER)
    apply(keel, inputs_of(keel, ref_time, lastTicketHint=later))
    assert tickets.lastFinalised() == first


def test_24_a_huge_request_blocks_all_behind_it(
    keel: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    queue = naive("TestNaiveQueue")
    force(keel, queue.address, 99 * ETHER)
    queue.function("request").send(100 * ETHER, sender=attacker)
    queue.function("request").send(ETHER, sender=victim)
    queue.function("finaliseAll").send(sender=victim)
    assert queue.function("lastFinalised")() == 0

    vault, tickets = keel.quick.vault, keel.quick.queue
    most_wei = tickets.MAX_TICKET_WEI()
    deposit(keel, attacker, 3 * most_wei)
    stake(keel, most_wei // (32 * ETHER))
    with fails(
        "AmountOutOfBounds",
        amountWei=3 * most_wei,
        minWei=tickets.MIN_TICKET_WEI(),
        maxWei=most_wei,
    ):
        request(keel, attacker, 3 * most_wei)
    tickets.requestMany.send([most_wei] * 3, attacker, sender=attacker)
    report(keel)
    assert tickets.lastFinalised() == 2  # as far as the ether goes
    assert vault.freeWei() == 0


def test_25_a_claim_pays_twice_or_the_one_who_sold(
    keel: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    queue = naive("TestNaiveQueue")
    force(keel, queue.address, ETHER)
    queue.function("request").send(ETHER, sender=attacker)
    queue.function("sell").send(1, victim, sender=attacker)
    queue.function("finalise").send(1, sender=attacker)
    before_wei = balance_wei(keel.rpc, victim)
    queue.function("claim").send(1, sender=attacker)
    assert balance_wei(keel.rpc, victim) == before_wei

    tickets = keel.quick.queue
    deposit(keel, attacker, 10 * ETHER)
    ticket = request(keel, attacker, ETHER)
    report(keel)
    tickets.transferFrom.send(attacker, victim, ticket, sender=attacker)
    tickets.claim.send(ticket, sender=attacker)
    assert balance_wei(keel.rpc, victim) == before_wei + ETHER
    with fails("AlreadyClaimed", ticketId=ticket):
        tickets.claim.send(ticket, sender=attacker)


def test_26_a_pause_holds_claims_hostage(
    keel: Keel, naive: Naive, attacker: str, victim: str
) -> None:
    queue = naive("TestNaiveQueue")
    force(keel, queue.address, ETHER)
    queue.function("request").send(ETHER, sender=victim)
    queue.function("finalise").send(1, sender=victim)
    queue.function("setPaused").send(True, sender=attacker)
    with pytest.raises(Reverted):
        queue.function("claim").send(1, sender=victim)
    queue.function("cancel").send(1, sender=attacker)
    assert queue.function("tickets")(0)[2] == 0

    vault, instant, tickets = keel.quick.vault, keel.quick.instant, keel.quick.queue
    deposit(keel, victim, 10 * ETHER)
    ids = [request(keel, victim, ETHER) for _ in range(3)]
    report(keel)
    longest = keel.profile.max_pause_seconds
    for action in (0, 1):
        keel.call_as_role(vault, "pause", action, longest)
    keel.call_as_role(instant, "pause", longest)
    tickets.claim.send(ids[0], sender=victim)
    keel_dead_at = now(keel.rpc) + 20 * keel.profile.frame_seconds
    jump_to(keel.rpc, keel_dead_at)
    assert vault.state() == State.DEAD
    tickets.claimMany.send(ids[1:], sender=victim)
    assert [found.state for found in tickets.tickets(ids)] == [3, 3, 3]
    names = {name.lower() for name in tickets.abi.functions}
    assert not {name for name in names if "cancel" in name or "invalid" in name or "pause" in name}


def test_48_one_unfinalised_ticket_spoils_the_look_at_many(
    keel: Keel, naive: Naive, victim: str
) -> None:
    queue = naive("TestNaiveQueue")
    for _ in range(2):
        queue.function("request").send(ETHER, sender=victim)
    queue.function("finalise").send(1, sender=victim)
    with pytest.raises(Reverted):
        queue.function("claimableWei")([1, 2])

    tickets = keel.quick.queue
    deposit(keel, victim, 10 * ETHER)
    ids = [request(keel, victim, ETHER) for _ in range(2)]
    report(keel)
    ids.append(request(keel, victim, ETHER))
    tickets.claim.send(ids[0], sender=victim)
    with reverting(keel.rpc):
        asked = [*ids, 0, 999, 2**256 - 1, ids[1]]
        assert tickets.claimableWei(asked) == (0, ETHER, 0, 0, 0, 0, ETHER)
        states = [found.state for found in tickets.tickets(asked)]
        assert states == [3, 2, 1, 0, 0, 0, 2]
