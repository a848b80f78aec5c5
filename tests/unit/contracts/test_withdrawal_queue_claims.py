"""Claims of WithdrawalQueue, one and many, and receivers that mean harm (QUE-3)."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from ape.contracts import ContractContainer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.abi import CustomError
from keel.chain.contract import Contract
from keel.chain.revert import Reverted, decode_revert
from keel.chain.state import balance_wei, set_balance_wei, set_runtime_code
from keel.chain.transaction import Receipt
from keel.deploy.contracts import WithdrawalQueue
from keel.model.constants import ETHER, RAY
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, deploy_test_contract, undone
from tests.unit.contracts.tickets import Tickets

INVALID_OPCODE = b"\xfe"

type Owner = Callable[..., Contract]


@pytest.fixture
def tickets(keel: Keel) -> Tickets:
    return Tickets.of_depositor(keel)


@pytest.fixture
def owner(keel: Keel, test_contracts: dict[str, ContractContainer]) -> Owner:
    """Deploys an owner of tickets from tests/contracts, which lets the stranger claim for it."""

    def deploy(name: str, *arguments: Any) -> Contract:
        contract = deploy_test_contract(keel, test_contracts[name], *arguments)
        allow(keel, contract)
        return contract

    return deploy


def allow(keel: Keel, owner: Contract, *, allowed: bool = True) -> None:
    """Let the stranger claim for a contract, as the contract itself may."""
    arguments = (keel.actors.stranger.address, allowed)
    keel.quick.queue.setApprovalForAll.send(*arguments, sender=as_contract(owner))
    set_balance_wei(keel.rpc, owner.address, 0)


class TestClaim:
    def test_pays_the_owner_whoever_calls(self, tickets: Tickets) -> None:
        queue, holder = tickets.queue, tickets.keel.actors.holder.address
        ticket_id = tickets.request(3 * ETHER + 1, holder)
        tickets.settle(1)
        before_wei = balance_wei(tickets.keel.rpc, holder)
        receipt = tickets.claim(ticket_id)
        (claimed,) = queue.events(receipt, "TicketClaimed")
        expected = {"ticketId": ticket_id, "owner": holder, "paidWei": 3 * ETHER + 1}
        assert claimed.inputs == expected
        assert balance_wei(tickets.keel.rpc, holder) == before_wei + 3 * ETHER + 1
        assert queue.balanceOf(holder) == 0

    def test_pays_whoever_bought_the_ticket(self, tickets: Tickets) -> None:
        redeemer = tickets.keel.actors.redeemer.address
        tickets.request(ETHER)
        arguments = (tickets.depositor, redeemer, 1)
        tickets.queue.transferFrom.send(*arguments, sender=tickets.depositor)
        tickets.settle(1)
        before_wei = balance_wei(tickets.keel.rpc, redeemer)
        tickets.claim(1)
        assert balance_wei(tickets.keel.rpc, redeemer) == before_wei + ETHER

    def test_pays_each_batch_at_the_index_it_was_finalised_at(self, tickets: Tickets) -> None:
        for index in (RAY, RAY, RAY * 3 // 4 + 1, RAY // 2, RAY // 2, RAY // 3):
            first = tickets.request(ETHER + 1)
            tickets.request(7 * ETHER)
            tickets.settle(first, index)
        tickets.settle(12, RAY // 5)
        queue = tickets.queue
        paid_wei = [paid(queue, tickets.claim(ticket_id)) for ticket_id in range(1, 13)]
        assert paid_wei == [tickets.worth_wei(ticket_id) for ticket_id in range(1, 13)]
        assert paid_wei[0] == ETHER + 1

    def test_pays_in_full_what_was_finalised_before_a_loss(self, tickets: Tickets) -> None:
        tickets.request_all([ETHER, ETHER])
        tickets.settle(2)
        tickets.settle(2, RAY // 2)
        tickets.settle(2, RAY // 3)
        tickets.request(ETHER)
        tickets.settle(3, RAY // 4)
        assert tickets.queue.claimableWei([1, 2, 3]) == (ETHER, ETHER, tickets.worth_wei(3))
        assert paid(tickets.queue, tickets.claim(2)) == ETHER

    def test_pays_nothing_after_a_total_loss(self, tickets: Tickets) -> None:
        tickets.request_all([ETHER, ETHER])
        tickets.settle(1, index=0)
        assert paid(tickets.queue, tickets.claim(1)) == 0
        assert tickets.queue.ticket(2).worthWei == 0

    def test_pays_tickets_from_before_a_total_loss_in_full(self, tickets: Tickets) -> None:
        tickets.request_all([ETHER, ETHER])
        tickets.settle(1)
        tickets.settle(2, index=0)
        assert paid(tickets.queue, tickets.claim(1)) == ETHER
        assert paid(tickets.queue, tickets.claim(2)) == 0

    def test_depends_on_no_other_contract(self, tickets: Tickets) -> None:
        tickets.request(ETHER)
        tickets.settle(1)
        for contract in tickets.keel.quick:
            if contract.address != tickets.queue.address:
                set_runtime_code(tickets.keel.rpc, contract.address, INVALID_OPCODE)
        assert paid(tickets.queue, tickets.claim(1)) == ETHER

    def test_refuses_a_ticket_that_is_not_finalised(self, tickets: Tickets) -> None:
        tickets.request_all([ETHER, ETHER])
        tickets.settle(1)
        with fails("NotFinalised", ticketId=2, lastFinalised=1):
            tickets.claim(2)
        tickets.claim(1)

    @pytest.mark.parametrize("ticket_id", [0, 2, 2**32 + 1, 2**256 - 1])
    def test_refuses_a_ticket_that_was_never_issued(self, tickets: Tickets, ticket_id: int) -> None:
        tickets.request(ETHER)
        tickets.settle(1)
        with fails("NoSuchTicket", ticketId=ticket_id):
            tickets.claim(ticket_id)

    def test_refuses_the_second_time(self, tickets: Tickets) -> None:
        tickets.request(ETHER)
        tickets.settle(1)
        tickets.claim(1)
        with fails("AlreadyClaimed", ticketId=1):
            tickets.claim(1)

    @settings(
        max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        amounts_wei=st.lists(st.integers(10**15, 10**20), min_size=1, max_size=12),
        indices=st.lists(st.integers(10**21, RAY), min_size=1, max_size=4),
    )
    def test_never_pays_out_more_than_was_moved_in(
        self, tickets: Tickets, amounts_wei: list[int], indices: list[int]
    ) -> None:
        with undone(tickets.keel.rpc):
            own = Tickets(tickets.keel)
            own.request_all(amounts_wei)
            for part, index in enumerate(sorted(indices, reverse=True), 1):
                own.settle(len(amounts_wei) * part // len(indices), index)
            moved_wei = own.model.held_wei
            claimed = range(1, len(amounts_wei) + 1)
            paid_wei = [paid(own.queue, own.claim(ticket_id)) for ticket_id in claimed]
            assert paid_wei == [own.worth_wei(ticket_id) for ticket_id in claimed]
            left_wei = balance_wei(own.keel.rpc, own.queue.address)
            assert left_wei == moved_wei - sum(paid_wei) >= 0


class TestClaimMany:
    def test_pays_every_ticket_in_one_call(self, tickets: Tickets) -> None:
        queue, holder = tickets.queue, tickets.keel.actors.holder.address
        ids = tickets.request_all([ETHER, 2 * ETHER], holder)
        ids += tickets.request_all([4 * ETHER])
        tickets.settle(3)
        stranger = tickets.keel.actors.stranger.address
        assert queue.claimMany(ids, sender=stranger) == 7 * ETHER
        before_wei = balance_wei(tickets.keel.rpc, holder)
        receipt = tickets.claim_many(ids)
        assert balance_wei(tickets.keel.rpc, holder) == before_wei + 3 * ETHER
        assert [event.inputs["ticketId"] for event in queue.events(receipt, "TicketClaimed")] == ids
        assert queue.events(receipt, "ClaimSkipped") == []

    def test_skips_what_cannot_be_paid_and_says_why(self, tickets: Tickets) -> None:
        queue = tickets.queue
        tickets.request_all([ETHER] * 4)
        tickets.settle(3)
        tickets.claim(1)
        receipt = tickets.claim_many([1, 2, 4, 0, 2, 5, 3])
        assert claimed_ids(queue, receipt) == [2, 3]
        assert skipped(queue, receipt) == [
            (1, CustomError("AlreadyClaimed", {"ticketId": 1})),
            (4, CustomError("NotFinalised", {"ticketId": 4, "lastFinalised": 3})),
            (0, CustomError("NoSuchTicket", {"ticketId": 0})),
            (2, CustomError("AlreadyClaimed", {"ticketId": 2})),
            (5, CustomError("NoSuchTicket", {"ticketId": 5})),
        ]

    def test_takes_a_hundred(self, tickets: Tickets) -> None:
        arguments = ([10**15] * 100, tickets.depositor)
        tickets.queue.requestMany.send(*arguments, sender=tickets.depositor)
        settle_all_at_par(tickets, 100, 10**17)
        ids = list(range(1, 101))
        assert claimed_ids(tickets.queue, tickets.claim_many(ids)) == ids

    @pytest.mark.parametrize("count", [0, 101])
    def test_refuses_none_and_one_more(self, tickets: Tickets, count: int) -> None:
        with fails("CountOutOfBounds", count=count, min=1, max=100):
            tickets.claim_many([1] * count)

    def test_refuses_to_skip_for_lack_of_gas(self, tickets: Tickets) -> None:
        queue, stranger = tickets.queue, tickets.keel.actors.stranger.address
        tickets.request_all([ETHER, ETHER])
        tickets.settle(2)
        data = "0x" + queue.claimMany.encode([1, 2]).hex()
        request = {"from": stranger, "to": queue.address, "data": data}
        enough = int(tickets.keel.rpc.call("eth_estimateGas", request), 16)
        receipt = queue.claimMany.send([1, 2], sender=stranger, gas=enough)
        assert claimed_ids(queue, receipt) == [1, 2]

    def test_reverts_when_a_claim_would_get_less_gas_than_its_share(self, tickets: Tickets) -> None:
        tickets.request(ETHER)
        tickets.settle(1)
        stranger = tickets.keel.actors.stranger.address
        with pytest.raises(Reverted) as caught:
            tickets.queue.claimMany.send([1], sender=stranger, gas=200_000)
        cause = caught.value.cause
        assert isinstance(cause, CustomError)
        assert cause.name == "TooLittleGas"
        assert cause.inputs["left"] < cause.inputs["needed"]
        assert cause.inputs["needed"] > tickets.queue.CLAIM_GAS()


class TestOwners:
    """Each harmful owner stands between two honest ones."""

    def test_that_refuses_ether_keeps_its_ticket_and_can_be_paid_later(
        self, tickets: Tickets, owner: Owner
    ) -> None:
        choosy, queue = owner("TestChoosyOwner"), tickets.queue
        tickets.request(ETHER, choosy.address)
        tickets.settle(1)
        with fails("PaymentFailed", owner=choosy.address, amountWei=ETHER):
            tickets.claim(1)
        assert queue.ownerOf(1) == choosy.address
        choosy.function("setTakesEther").send(True, sender=tickets.depositor)
        assert paid(queue, tickets.claim(1)) == ETHER
        assert balance_wei(tickets.keel.rpc, choosy.address) == ETHER

    @pytest.mark.parametrize(
        "name", ["TestChoosyOwner", "TestGasBurningOwner", "TestDataBombOwner"]
    )
    def test_harms_no_other_claim(self, tickets: Tickets, owner: Owner, name: str) -> None:
        harmful, queue = owner(name), tickets.queue
        tickets.request(ETHER)
        tickets.request(2 * ETHER, harmful.address)
        tickets.request(3 * ETHER)
        tickets.settle(3)
        receipt = tickets.claim_many([1, 2, 3])
        assert claimed_ids(queue, receipt) == [1, 3]
        refused = {"owner": harmful.address, "amountWei": 2 * ETHER}
        assert skipped(queue, receipt) == [(2, CustomError("PaymentFailed", refused))]
        assert queue.ownerOf(2) == harmful.address
        assert queue.claimableWei([1, 2, 3]) == (0, 2 * ETHER, 0)

    def test_in_escrow_is_paid_only_for_whom_it_allows(
        self, tickets: Tickets, owner: Owner
    ) -> None:
        escrow, queue, keel = owner("TestChoosyOwner"), tickets.queue, tickets.keel
        escrow.function("setTakesEther").send(True, sender=tickets.depositor)
        stranger = keel.actors.stranger.address
        tickets.request_all([ETHER, 2 * ETHER], escrow.address)
        tickets.settle(2)
        allow(keel, escrow, allowed=False)
        refused = {"ticketId": 1, "owner": escrow.address, "caller": stranger}
        with fails("ClaimNotAllowed", **refused):
            tickets.claim(1)
        skips = skipped(queue, tickets.claim_many([1]))
        assert skips == [(1, CustomError("ClaimNotAllowed", refused))]
        queue.claim.send(1, sender=as_contract(escrow))
        allow(keel, escrow)
        assert paid(queue, tickets.claim(2)) == 2 * ETHER

    def test_is_named_by_nobody_but_the_queue(self, tickets: Tickets) -> None:
        stranger = tickets.keel.actors.stranger.address
        tickets.request(ETHER)
        tickets.settle(1)
        with fails("OnlyQueue", caller=stranger):
            tickets.queue.claimFor.send(1, tickets.depositor, sender=stranger)

    @pytest.mark.parametrize("name", ["TestGasBurningOwner", "TestDataBombOwner"])
    def test_costs_its_payer_no_more_than_its_share(
        self, tickets: Tickets, owner: Owner, name: str
    ) -> None:
        tickets.request(ETHER, owner(name).address)
        tickets.request(ETHER)
        tickets.settle(2)
        both, alone = gas_used(tickets, [1, 2]), gas_used(tickets, [2])
        assert both - alone <= tickets.queue.CLAIM_GAS() + 10_000

    def test_that_claims_again_while_it_is_paid_is_paid_once(
        self, tickets: Tickets, owner: Owner
    ) -> None:
        queue = tickets.queue
        reentrant = owner("TestReentrantOwner", queue.address)
        tickets.request(ETHER, reentrant.address)
        tickets.request(5 * ETHER)
        tickets.settle(2)
        reentrant.function("setAgain").send([1], sender=tickets.depositor)
        tickets.claim(1)
        assert balance_wei(tickets.keel.rpc, reentrant.address) == ETHER
        assert balance_wei(tickets.keel.rpc, queue.address) == 5 * ETHER
        refusal = decode_revert(reentrant.function("firstRefusal")(), queue.abi)
        assert refusal == CustomError("AlreadyClaimed", {"ticketId": 1})

    def test_that_claims_others_while_it_is_paid_has_each_paid_once(
        self, tickets: Tickets, owner: Owner
    ) -> None:
        queue = tickets.queue
        reentrant = owner("TestReentrantOwner", queue.address)
        tickets.request_all([ETHER, 2 * ETHER, 4 * ETHER], reentrant.address)
        tickets.settle(3)
        reentrant.function("setAgain").send([3, 2], sender=tickets.depositor)
        receipt = reentrant.function("claimMany").send([1, 2, 3], sender=tickets.depositor)
        assert sorted(claimed_ids(queue, receipt)) == [1, 2, 3]
        assert [ticket_id for ticket_id, _ in skipped(queue, receipt)] == [2, 3]
        assert balance_wei(tickets.keel.rpc, reentrant.address) == 7 * ETHER


def test_forced_ether_changes_nothing(tickets: Tickets) -> None:
    queue, rpc = tickets.queue, tickets.keel.rpc
    tickets.request_all([ETHER, 2 * ETHER])
    set_balance_wei(rpc, queue.address, 100 * ETHER)
    tickets.settle(1)
    assert queue.owedWei() == 2 * ETHER
    assert paid(queue, tickets.claim(1)) == ETHER
    assert balance_wei(rpc, queue.address) == 100 * ETHER


def paid(queue: WithdrawalQueue, receipt: Receipt) -> int:
    """What the one claim of a transaction paid."""
    (claimed,) = queue.events(receipt, "TicketClaimed")
    return int(claimed.inputs["paidWei"])


def claimed_ids(queue: WithdrawalQueue, receipt: Receipt) -> list[int]:
    """Tickets claimed in a transaction, in order."""
    return [event.inputs["ticketId"] for event in queue.events(receipt, "TicketClaimed")]


def skipped(queue: WithdrawalQueue, receipt: Receipt) -> list[tuple[int, Any]]:
    """Tickets that claimMany skipped, and why."""
    events = queue.events(receipt, "ClaimSkipped")
    return [(e.inputs["ticketId"], decode_revert(e.inputs["reason"], queue.abi)) for e in events]


def gas_used(tickets: Tickets, ticket_ids: Sequence[int]) -> int:
    """Gas of claiming these tickets, without doing it for good."""
    with undone(tickets.keel.rpc):
        return tickets.claim_many(ticket_ids).gas_used


def settle_all_at_par(tickets: Tickets, last_ticket: int, cost_wei: int) -> None:
    """Finalise tickets that the model was not told of."""
    vault = as_contract(tickets.keel.quick.vault)
    tickets.queue.settle.send(RAY, last_ticket, sender=vault, value_wei=cost_wei)
