"""Receivers that call again while they are paid: rows 27 and 28.

Row 28, a lock that the compiler broke, cannot be shown on a small variant without a broken
compiler. What can be shown is that Keel's lock works in the very bytecode that is deployed, and
that is how all of these tests look at it.
"""

import pytest
from eth_utils.crypto import keccak

from keel.chain.contract import Contract
from keel.chain.state import balance_wei
from keel.model.constants import ETHER
from tests.deployment import Keel
from tests.incidents.stage import Naive, force
from tests.unit.contracts.hands import as_contract, deposit, report

LOCKED = keccak(text="ReentrancyGuardReentrantCall()")[:4]


@pytest.fixture
def thief(naive: Naive) -> Contract:
    return naive("TestReentrant")


def act(keel: Keel, thief: Contract, where: Contract, data: bytes) -> None:
    thief.function("act").send(where.address, data, sender=keel.actors.attacker.address)


def prepare(keel: Keel, thief: Contract, where: Contract, data: bytes) -> None:
    thief.function("prepare").send(where.address, data, 3, sender=keel.actors.attacker.address)


def test_27_a_claim_is_entered_again(
    keel: Keel, naive: Naive, thief: Contract, attacker: str
) -> None:
    queue = naive("TestNaiveQueue")
    force(keel, queue.address, 10 * ETHER)
    act(keel, thief, queue, queue.function("request").encode(ETHER))
    queue.function("finalise").send(1, sender=attacker)
    prepare(keel, thief, queue, queue.function("claim").encode(1))
    queue.function("claim").send(1, sender=attacker)
    assert balance_wei(keel.rpc, thief.address) == 4 * ETHER  # for a ticket of one

    tickets = keel.quick.queue
    deposit(keel, attacker, 10 * ETHER)
    for _ in range(2):
        tickets.request.send(ETHER, thief.address, sender=attacker)
    report(keel)
    tickets.setApprovalForAll.send(attacker, True, sender=as_contract(thief))
    for entry in ("claim", "claimMany"):
        again = tickets.function(entry).encode(1 if entry == "claim" else [1])
        prepare(keel, thief, tickets, again)
        number = 1 if entry == "claim" else 2
        before_wei = balance_wei(keel.rpc, thief.address)
        tickets.claim.send(number, sender=attacker)
        assert balance_wei(keel.rpc, thief.address) == before_wei + ETHER
        assert thief.function("turns")() < 3  # it was paid, and called
    assert balance_wei(keel.rpc, tickets.address) == 0


@pytest.mark.parametrize("entry", ["redeem", "deposit", "claim", "transferShares", "request"])
def test_27_and_28_an_instant_redemption_is_entered_again(
    keel: Keel, thief: Contract, attacker: str, victim: str, entry: str
) -> None:
    """What is not locked finds the books finished: the thief ends with no more than it had."""
    vault, instant, tickets = keel.quick.vault, keel.quick.instant, keel.quick.queue
    report(keel)
    deposit(keel, victim, 100 * ETHER)
    vault.deposit.send(thief.address, attacker, sender=attacker, value_wei=10 * ETHER)
    again = {
        "redeem": (instant, instant.redeem.encode(10**27, thief.address, 0)),
        "deposit": (vault, vault.deposit.encode(thief.address, thief.address)),
        "claim": (tickets, tickets.claim.encode(1)),
        "transferShares": (vault, vault.transferShares.encode(attacker, 10**27)),
        "request": (tickets, tickets.request.encode(ETHER, thief.address)),
    }
    prepare(keel, thief, *again[entry])
    held_wei, rate = vault.balanceOf(victim), vault.toAssetsDown(10**36)
    act(keel, thief, instant, instant.redeem.encode(10**27, thief.address, 0))
    assert thief.function("turns")() < 3  # it was paid, and called
    if entry == "redeem":
        assert thief.function("refusal")() == LOCKED
        assert thief.function("passed")() == 0
    worth_wei = balance_wei(keel.rpc, thief.address)
    for holder in (thief.address, attacker):
        worth_wei += vault.balanceOf(holder)
    worth_wei += tickets.owedWei()
    assert 9 * ETHER < worth_wei <= 10 * ETHER
    assert vault.balanceOf(victim) >= held_wei
    assert vault.toAssetsDown(10**36) <= rate + 10**18
    _, assets_wei, _ = vault.totals()
    assert balance_wei(keel.rpc, vault.address) == assets_wei + tickets.owedWei()
