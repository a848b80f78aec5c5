"""What a view shows as a holder's own can be taken whole, in one transaction.

After a loss the index and the rate are odd numbers. Then a request for `balanceOf` was refused for
the lack of a part of one wei, and so was the same balance in several tickets.
"""

from collections.abc import Callable
from random import Random

import pytest

from keel.chain.clock import now, set_next_timestamp
from keel.model.constants import ETHER, RAY, REOPENING_FRAMES
from tests.deployment import Keel
from tests.unit.contracts.hands import deposit, undone
from tests.unit.contracts.vaults import change, stake

HISTORIES = 8


def live_an_odd_life(keel: Keel, random: Random, holder: str) -> None:
    """Deposits, losses and profits in odd amounts; a ticket waits on, or has been paid."""
    deposit(keel, holder, 70 * ETHER + random.randrange(ETHER))
    stake(keel, 2)
    ticket_wei = random.choice([1, 9]) * ETHER + random.randrange(ETHER)
    keel.quick.queue.request.send(ticket_wei, holder, sender=holder)
    change(keel, -random.randrange(ETHER // 100, ETHER))
    change(keel, random.randrange(10**15), frames=REOPENING_FRAMES + 1)
    deposit(keel, holder, 5 * ETHER + random.randrange(ETHER))
    assert keel.quick.queue.pending().index < RAY


def stop_the_clock(keel: Keel) -> None:
    """Let the next transaction be in the second whose balances are read: a stream vests in each."""
    set_next_timestamp(keel.rpc, now(keel.rpc))


def request_all(keel: Keel, _: Random, holder: str) -> None:
    stop_the_clock(keel)
    keel.quick.queue.request.send(keel.quick.vault.balanceOf(holder), holder, sender=holder)


def request_all_in_parts(keel: Keel, random: Random, holder: str) -> None:
    left_wei, parts_wei = keel.quick.vault.balanceOf(holder), []
    for _ in range(random.randrange(1, 8)):
        parts_wei.append(left_wei // random.randrange(3, 9))
        left_wei -= parts_wei[-1]
    stop_the_clock(keel)
    keel.quick.queue.requestMany.send([*parts_wei, left_wei], holder, sender=holder)


def redeem_all_at_once(keel: Keel, _: Random, holder: str) -> None:
    leave_what_the_buffer_cannot_pay(keel, holder)
    stop_the_clock(keel)
    keel.quick.instant.redeem.send(keel.quick.vault.sharesOf(holder), holder, 0, sender=holder)


def leave_what_the_buffer_cannot_pay(keel: Keel, holder: str) -> None:
    held_wei = keel.quick.vault.balanceOf(holder)
    surplus_wei = held_wei - keel.quick.instant.redeemableWei() // 2
    stop_the_clock(keel)
    keel.quick.vault.transfer.send(keel.actors.stranger.address, surplus_wei, sender=holder)


def wrap_all_and_redeem(keel: Keel, _: Random, holder: str) -> None:
    wrapped = keel.quick.wrapped
    stop_the_clock(keel)
    wrapped.deposit.send(keel.quick.vault.balanceOf(holder), holder, sender=holder)
    stop_the_clock(keel)
    wrapped.redeem.send(wrapped.maxRedeem(holder), holder, holder, sender=holder)


def wrap_all_and_withdraw(keel: Keel, _: Random, holder: str) -> None:
    wrapped = keel.quick.wrapped
    stop_the_clock(keel)
    wrapped.deposit.send(keel.quick.vault.balanceOf(holder), holder, sender=holder)
    stop_the_clock(keel)
    wrapped.withdraw.send(wrapped.maxWithdraw(holder), holder, holder, sender=holder)


def transfer_all(keel: Keel, _: Random, holder: str) -> None:
    stranger = keel.actors.stranger.address
    stop_the_clock(keel)
    keel.quick.vault.transfer.send(stranger, keel.quick.vault.balanceOf(holder), sender=holder)


LEFT = {
    request_all: 1,
    request_all_in_parts: 1,
    redeem_all_at_once: 0,
    transfer_all: 1,
}
"""Exits, and the most wei that the holder may read afterwards: a floor leaves less than one."""


def test_a_whole_balance_leaves_by_every_exit(keel: Keel, attacker: str) -> None:
    waiting = set()
    for seed in range(HISTORIES):
        random = Random(seed)  # noqa: S311 -- histories, no secrets
        with undone(keel.rpc):
            live_an_odd_life(keel, random, attacker)
            waiting.add(keel.quick.queue.owedWei() > 0)
            for leave, most_wei in LEFT.items():
                with undone(keel.rpc):
                    leave(keel, random, attacker)
                    assert keel.quick.vault.balanceOf(attacker) <= most_wei, (seed, leave)
    assert waiting == {True, False}


@pytest.mark.parametrize("leave", [wrap_all_and_redeem, wrap_all_and_withdraw])
def test_whole_units_come_back_from_wrapping(
    keel: Keel, attacker: str, leave: Callable[[Keel, Random, str], None]
) -> None:
    random = Random(99)  # noqa: S311 -- a history, no secret
    live_an_odd_life(keel, random, attacker)
    leave(keel, random, attacker)
    assert keel.quick.wrapped.balanceOf(attacker) <= 1


def test_tickets_of_one_call_burn_what_one_ticket_would(keel: Keel, attacker: str) -> None:
    vault, queue, rpc = keel.quick.vault, keel.quick.queue, keel.rpc
    live_an_odd_life(keel, Random(7), attacker)  # noqa: S311 -- no secret
    amounts_wei = [ETHER + 1, 2 * ETHER + 3, ETHER // 7]
    at, before = now(rpc) + 10, vault.sharesOf(attacker)
    with undone(rpc):
        set_next_timestamp(rpc, at)
        queue.request.send(sum(amounts_wei), attacker, sender=attacker)
        burned = before - vault.sharesOf(attacker)
        assert sum(vault.toSharesUp(wei) for wei in amounts_wei) > burned  # each for itself
    set_next_timestamp(rpc, at)
    receipt = queue.requestMany.send(amounts_wei, attacker, sender=attacker)
    named = [event.inputs["sharesBurned"] for event in queue.events(receipt, "TicketRequested")]
    assert sum(named) == before - vault.sharesOf(attacker) == burned
    assert all(shares > 0 for shares in named)
