"""Requests and finalisation of WithdrawalQueue (QUE-1, QUE-2, QUE-4)."""

from dataclasses import replace

import pytest

from keel.chain.clock import jump, now, set_next_timestamp
from keel.chain.contract import call_many, deploy
from keel.chain.state import runtime_code
from keel.deploy.plan import ARTIFACTS
from keel.model import queue as rules
from keel.model.constants import DAY, ETHER, INSOLVENT_INDEX, RAY
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import as_contract, undone
from tests.unit.contracts.tickets import Tickets

NOBODY = "0x" + "0" * 40
FOREVER = 2**256 - 1


@pytest.fixture
def tickets(keel: Keel) -> Tickets:
    return Tickets.of_depositor(keel)


@pytest.fixture
def min_wei(keel: Keel) -> int:
    return keel.profile.min_ticket_wei


@pytest.fixture
def max_wei(keel: Keel) -> int:
    return keel.profile.max_ticket_wei


class TestRequest:
    def test_burns_the_callers_shares_for_a_ticket_of_the_owner(self, tickets: Tickets) -> None:
        keel, queue, vault = tickets.keel, tickets.queue, tickets.keel.quick.vault
        owner = keel.actors.holder.address
        amount_wei = 10 * ETHER + 7
        shares_before = vault.sharesOf(tickets.depositor)
        receipt = queue.request.send(amount_wei, owner, sender=tickets.depositor)
        (requested,) = queue.events(receipt, "TicketRequested")
        burned = requested.inputs["sharesBurned"]
        assert requested.inputs == {
            "ticketId": 1,
            "owner": owner,
            "amountWei": amount_wei,
            "sharesBurned": burned,
        }
        assert burned == amount_wei * 10**9
        assert vault.sharesOf(tickets.depositor) == shares_before - burned
        assert queue.ownerOf(1) == owner
        assert queue.lastTicket() == 1
        assert queue.owedWei() == amount_wei

    def test_moves_backing_from_holders_to_tickets_to_the_wei(self, tickets: Tickets) -> None:
        vault, queue = tickets.keel.quick.vault, tickets.queue
        tickets.settle(0, index=RAY * 2 // 3 + 1)
        for amount_wei in (ETHER + 1, 2 * ETHER + 3, 10**15, 7 * ETHER // 3):
            _, assets_wei, _ = vault.totals()
            owed_wei = queue.owedWei()
            tickets.request(amount_wei)
            _, assets_after_wei, _ = vault.totals()
            growth_wei = queue.owedWei() - owed_wei
            assert assets_wei - assets_after_wei == growth_wei
            assert queue.owedWei() == tickets.model.owed_wei
            assert growth_wei == amount_wei  # 1 wei less once in about 1e9 requests

    def test_makes_the_ticket_bear_the_wei_of_rounding(self, tickets: Tickets) -> None:
        queue = tickets.queue
        tickets.request(10**15)
        tickets.settle(0, index=RAY - 1)
        worth_wei = queue.ticket(1).worthWei
        assert (worth_wei, queue.owedWei()) == (10**15 - 1, 10**15)
        tickets.request(10**15)
        assert queue.ticket(2).worthWei == 10**15 - 1
        assert queue.owedWei() == tickets.model.owed_wei

    @pytest.mark.parametrize("bound", ["min_wei", "max_wei"])
    def test_takes_amounts_at_the_bounds(
        self, tickets: Tickets, bound: str, request: pytest.FixtureRequest
    ) -> None:
        amount_wei = request.getfixturevalue(bound)
        assert tickets.queue.ticket(tickets.request(amount_wei)).amountWei == amount_wei

    def test_refuses_amounts_one_wei_beyond(
        self, tickets: Tickets, min_wei: int, max_wei: int
    ) -> None:
        for amount_wei in (0, min_wei - 1, max_wei + 1, 2**96, FOREVER):
            with fails("AmountOutOfBounds", amountWei=amount_wei, minWei=min_wei, maxWei=max_wei):
                tickets.request(amount_wei)

    def test_refuses_more_than_the_caller_holds(self, tickets: Tickets, min_wei: int) -> None:
        stranger = tickets.keel.actors.stranger.address
        with fails("InsufficientShares", holder=stranger, shares=0, needed=min_wei * 10**9):
            tickets.queue.request.send(min_wei, tickets.depositor, sender=stranger)

    def test_refuses_nobody_as_owner(self, tickets: Tickets) -> None:
        with fails("ERC721InvalidReceiver", receiver=NOBODY):
            tickets.request(ETHER, NOBODY)

    def test_does_not_call_the_owner(self, tickets: Tickets) -> None:
        wrapped = tickets.keel.quick.wrapped.address  # no ERC-721 receiver
        assert tickets.queue.ownerOf(tickets.request(ETHER, wrapped)) == wrapped

    def test_is_refused_once_the_index_is_under_a_millionth(self, tickets: Tickets) -> None:
        tickets.request(ETHER)
        tickets.settle(0, index=INSOLVENT_INDEX)
        tickets.request(ETHER)
        tickets.settle(0, index=INSOLVENT_INDEX - 1)
        shares, assets_wei, unvested_wei = tickets.keel.quick.vault.totals()
        with fails("Insolvent", visibleWei=assets_wei - unvested_wei, shares=shares):
            tickets.request(ETHER)

    def test_is_refused_after_a_total_loss(self, tickets: Tickets) -> None:
        tickets.settle(0, index=0)
        shares, assets_wei, unvested_wei = tickets.keel.quick.vault.totals()
        with fails("Insolvent", visibleWei=assets_wei - unvested_wei, shares=shares):
            tickets.request(ETHER)


class TestRequestMany:
    def test_equals_requests_one_by_one(self, tickets: Tickets) -> None:
        queue, rpc = tickets.queue, tickets.keel.rpc
        amounts_wei = [ETHER, 2 * ETHER + 1, 10**15]
        at = now(rpc) + 10
        with undone(rpc):
            for amount_wei in amounts_wei:
                set_next_timestamp(rpc, at)
                queue.request.send(amount_wei, tickets.depositor, sender=tickets.depositor)
            one_by_one = queue.tickets([1, 2, 3])
        set_next_timestamp(rpc, at)
        queue.requestMany.send(amounts_wei, tickets.depositor, sender=tickets.depositor)
        assert queue.tickets([1, 2, 3]) == one_by_one
        assert [ticket.amountWei for ticket in one_by_one] == amounts_wei

    def test_takes_a_hundred(self, tickets: Tickets, min_wei: int) -> None:
        arguments = ([min_wei] * 100, tickets.depositor)
        ids = tickets.queue.requestMany(*arguments, sender=tickets.depositor)
        assert list(ids) == list(range(1, 101))

    @pytest.mark.parametrize("count", [0, 101])
    def test_refuses_none_and_one_more(self, tickets: Tickets, min_wei: int, count: int) -> None:
        arguments = ([min_wei] * count, tickets.depositor)
        with fails("CountOutOfBounds", count=count, min=1, max=100):
            tickets.queue.requestMany.send(*arguments, sender=tickets.depositor)

    def test_requests_nothing_when_one_amount_is_out_of_bounds(
        self, tickets: Tickets, min_wei: int, max_wei: int
    ) -> None:
        arguments = ([ETHER, min_wei - 1], tickets.depositor)
        with fails("AmountOutOfBounds", amountWei=min_wei - 1, minWei=min_wei, maxWei=max_wei):
            tickets.queue.requestMany.send(*arguments, sender=tickets.depositor)
        assert tickets.queue.lastTicket() == 0


class TestSettle:
    def test_finalises_with_the_ether_it_costs(self, tickets: Tickets) -> None:
        queue = tickets.queue
        tickets.request_all([ETHER, 2 * ETHER, 4 * ETHER])
        receipt = tickets.settle(2)
        (finalised,) = queue.events(receipt, "TicketsFinalised")
        expected = {"first": 1, "last": 2, "amountWei": 3 * ETHER, "index": RAY}
        assert finalised.inputs == expected
        assert queue.lastFinalised() == 2
        assert queue.owedWei() == 4 * ETHER

    def test_lowers_what_pending_tickets_are_owed(self, tickets: Tickets) -> None:
        queue = tickets.queue
        tickets.request_all([ETHER, 3 * ETHER])
        tickets.settle(1)
        receipt = tickets.settle(1, index=RAY // 2)
        (lowered,) = queue.events(receipt, "IndexLowered")
        assert lowered.inputs == {"indexBefore": RAY, "indexAfter": RAY // 2}
        assert queue.pending() == (3 * 10**27, RAY // 2)
        assert queue.owedWei() == 3 * ETHER // 2
        assert queue.ticket(1).worthWei == ETHER
        assert queue.ticket(2).worthWei == 3 * ETHER // 2

    def test_lowers_the_index_before_it_finalises(self, tickets: Tickets) -> None:
        tickets.request_all([ETHER, ETHER])
        receipt = tickets.settle(1, index=RAY * 3 // 4)
        (finalised,) = tickets.queue.events(receipt, "TicketsFinalised")
        assert finalised.inputs["amountWei"] == ETHER * 3 // 4

    @pytest.mark.parametrize(
        ("last_ticket", "index", "changed"),
        [(2, None, [(2, 2)]), (1, RAY // 2, [(2, 4)]), (3, RAY // 2, [(2, 4)]), (1, None, [])],
        ids=["finalised", "lowered", "both", "neither"],
    )
    def test_says_whose_metadata_changed(
        self, tickets: Tickets, last_ticket: int, index: int | None, changed: list[tuple[int, int]]
    ) -> None:
        tickets.request_all([ETHER] * 4)
        tickets.settle(1)
        receipt = tickets.settle(last_ticket, index)
        updates = tickets.queue.events(receipt, "BatchMetadataUpdate")
        assert [tuple(update.inputs.values()) for update in updates] == changed

    def test_of_an_empty_queue_changes_the_index_alone(self, tickets: Tickets) -> None:
        receipt = tickets.settle(0, index=RAY - 1)
        assert [event.name for event in tickets.queue.events(receipt)] == ["IndexLowered"]
        assert tickets.queue.pending() == (0, RAY - 1)

    @pytest.mark.parametrize("actor", ["stranger", "governance", "depositor"])
    def test_is_the_vaults_alone(self, tickets: Tickets, actor: str) -> None:
        caller = tickets.keel.actors[actor].address
        with fails("OnlyVault", caller=caller):
            tickets.queue.settle.send(RAY, 0, sender=caller)

    def test_refuses_an_index_that_rises(self, tickets: Tickets) -> None:
        tickets.settle(0, index=RAY // 2)
        with fails("IndexRises", indexBefore=RAY // 2, indexAfter=RAY // 2 + 1):
            tickets.settle(0, index=RAY // 2 + 1)

    def test_refuses_a_ticket_before_the_last_finalised_or_after_the_last(
        self, tickets: Tickets
    ) -> None:
        tickets.request_all([ETHER] * 3)
        tickets.settle(2)
        vault = as_contract(tickets.keel.quick.vault)
        for last_ticket in (1, 4):
            with fails("LastTicketOutOfBounds", lastTicket=last_ticket, min=2, max=3):
                tickets.queue.settle.send(RAY, last_ticket, sender=vault)

    @pytest.mark.parametrize("difference_wei", [-1, 1])
    def test_refuses_a_wei_less_or_more_than_it_costs(
        self, tickets: Tickets, difference_wei: int
    ) -> None:
        tickets.request(ETHER)
        vault, sent_wei = as_contract(tickets.keel.quick.vault), ETHER + difference_wei
        with fails("WrongPayment", sentWei=sent_wei, neededWei=ETHER):
            tickets.queue.settle.send(RAY, 1, sender=vault, value_wei=sent_wei)

    def test_refuses_ether_for_nothing(self, tickets: Tickets) -> None:
        vault = as_contract(tickets.keel.quick.vault)
        with fails("WrongPayment", sentWei=1, neededWei=0):
            tickets.queue.settle.send(RAY, 0, sender=vault, value_wei=1)


class TestFinalisable:
    @pytest.fixture
    def line(self, tickets: Tickets) -> Tickets:
        """Nine tickets over time, the first two finalised, the index lowered in between."""
        for position in range(9):
            tickets.request(ETHER * (position % 4 + 1) + position)
            jump(tickets.keel.rpc, 10)
            if position == 4:
                tickets.settle(2, index=RAY * 6 // 7)
        return tickets

    def test_is_the_models_prefix_for_every_hint(self, line: Tickets) -> None:
        times = [ticket.requested_at for ticket in line.model.tickets]
        whole_wei = line.model.owed_wei
        budgets_wei = [0, ETHER, whole_wei // 2, whole_wei - 1, whole_wei, FOREVER]
        cases = [
            (hint, by, budget_wei, index)
            for hint in (*range(11), FOREVER)
            for by in (0, times[2], times[4] - 1, times[7], FOREVER)
            for budget_wei in budgets_wei
            for index in (line.model.index, RAY // 3, 0)
        ]
        calls = [line.queue.finalisable.prepare(*case) for case in cases]
        answers = call_many(line.keel.rpc, calls)
        assert answers == [expected_prefix(line.model, *case[1:]) for case in cases]

    def test_costs_what_settling_then_costs(self, line: Tickets) -> None:
        arguments = (0, FOREVER, 9 * ETHER, line.model.index)
        last_ticket, cost_wei = line.queue.finalisable(*arguments)
        receipt = line.settle(last_ticket)
        (finalised,) = line.queue.events(receipt, "TicketsFinalised")
        assert finalised.inputs["amountWei"] == cost_wei

    def test_reads_two_tickets_when_the_hint_is_right(self, tickets: Tickets) -> None:
        amounts_wei = [ETHER] * 100
        tickets.queue.requestMany.send(amounts_wei, tickets.depositor, sender=tickets.depositor)
        assert slots_read(tickets, hint=60, budget_wei=60 * ETHER) == 2 + 2
        assert slots_read(tickets, hint=100, budget_wei=100 * ETHER) == 2 + 1
        assert slots_read(tickets, hint=7, budget_wei=60 * ETHER) > 2 + 2


class TestConstructor:
    def test_keeps_what_the_profile_says(self, keel: Keel) -> None:
        queue, profile = keel.quick.queue, keel.profile
        assert queue.VAULT() == keel.quick.vault.address
        assert queue.MIN_TICKET_WEI() == profile.min_ticket_wei
        assert queue.MAX_TICKET_WEI() == profile.max_ticket_wei
        assert queue.EXIT_SECONDS() == profile.exit_seconds
        assert queue.pending() == (0, RAY)

    def test_takes_the_largest_ticket_that_a_slot_holds(self, keel: Keel) -> None:
        deploy_queue(keel, keel.quick.vault.address, 2**96 - 1, 2**96 - 1)

    def test_refuses_no_vault(self, keel: Keel) -> None:
        with fails("ZeroAddress", what="vault"):
            deploy_queue(keel, NOBODY, 1, 2)

    def test_refuses_a_ticket_beyond_its_slot(self, keel: Keel) -> None:
        with fails("ParameterOutOfBounds", what="maxTicketWei", value=2**96, bound=2**96 - 1):
            deploy_queue(keel, keel.quick.vault.address, 1, 2**96)

    def test_refuses_a_smallest_above_the_largest(self, keel: Keel) -> None:
        with fails("ParameterOutOfBounds", what="minTicketWei", value=3, bound=2):
            deploy_queue(keel, keel.quick.vault.address, 3, 2)


def expected_prefix(
    queue: rules.Queue, requested_by: int, budget_wei: int, index: int
) -> tuple[int, int]:
    """The answer of `finalisable`, by trying every prefix."""
    queue = replace(queue, index=index)
    last_ticket = queue.finalised
    for ticket_id in range(queue.finalised + 1, len(queue.tickets) + 1):
        if queue.tickets[ticket_id - 1].requested_at > requested_by:
            break
        if rules.finalisation_cost_wei(queue, ticket_id) > budget_wei:
            break
        last_ticket = ticket_id
    return last_ticket, rules.finalisation_cost_wei(queue, last_ticket)


def slots_read(tickets: Tickets, hint: int, budget_wei: int) -> int:
    """Distinct storage slots that `finalisable` reads."""
    queue = tickets.queue
    data = queue.finalisable.encode(hint, FOREVER, budget_wei, RAY)
    request = {"to": queue.address, "data": "0x" + data.hex()}
    answer = tickets.keel.rpc.call("eth_createAccessList", request, "latest")
    (read,) = answer["accessList"]
    return len(read["storageKeys"])


def deploy_queue(keel: Keel, vault: str, min_wei: int, max_wei: int) -> None:
    """Try the constructor."""
    artifact = keel.artifacts[ARTIFACTS["WithdrawalQueue"]]
    stranger = keel.actors.stranger.address
    arguments = (vault, min_wei, max_wei, DAY)
    contract, _ = deploy(
        keel.rpc, artifact.abi, artifact.creation_code, *arguments, sender=stranger
    )
    assert runtime_code(keel.rpc, contract.address)
