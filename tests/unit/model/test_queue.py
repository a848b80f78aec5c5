"""QUE: tickets, and what losses may do to them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.model.constants import CLAIM_SCALE, RAY
from keel.model.errors import AmountOutOfBounds
from keel.model.queue import (
    Queue,
    add_ticket,
    check_amount,
    claim_wei,
    finalisation_cost_wei,
    finalise,
    longest_prefix,
)

amounts = st.integers(1, 10**24) | st.integers(1, 1_000)
indices = st.integers(RAY // 10**6, RAY)


@st.composite
def queues(draw: st.DrawFn) -> Queue:
    """Tickets in random number, requested, finalised and shrunk in random order."""
    queue = Queue(index=draw(indices))
    for now in range(draw(st.integers(0, 12))):
        queue = add_ticket(queue, draw(amounts), now)
        if draw(st.integers(0, 2)) == 0:
            queue, _ = finalise(queue, draw(st.integers(queue.finalised, len(queue.tickets))))
        if draw(st.integers(0, 2)) == 0:
            parts = draw(st.integers(10**8, 10**9))
            queue = replace(queue, index=max(RAY // 10**6, queue.index * parts // 10**9))
    return queue


@given(queues(), amounts)
def test_a_request_adds_its_wei_or_one_less(queue: Queue, amount: int) -> None:
    after = add_ticket(queue, amount, 99)
    assert after.owed_wei - queue.owed_wei in (amount, amount - 1)
    assert claim_wei(after, len(after.tickets)) in (amount, amount - 1)


@given(queues())
def test_q_is_the_claims_times_the_index_rounded_up(queue: Queue) -> None:
    exact = queue.normalised * queue.index
    assert exact <= queue.owed_wei * CLAIM_SCALE < exact + CLAIM_SCALE


@given(queues())
def test_claims_never_exceed_what_was_moved(queue: Queue) -> None:
    queue, _ = finalise(queue, len(queue.tickets))
    paid = sum(claim_wei(queue, ticket_id) for ticket_id in range(1, len(queue.tickets) + 1))
    assert paid <= queue.held_wei
    assert queue.owed_wei == 0


@given(queues(), st.integers(1, 10**9))
def test_only_losses_shrink_a_ticket_and_only_pending_ones(queue: Queue, parts: int) -> None:
    shrunk = replace(queue, index=queue.index * parts // 10**9)
    for ticket_id in range(1, len(queue.tickets) + 1):
        before, after = claim_wei(queue, ticket_id), claim_wei(shrunk, ticket_id)
        assert after <= before
        assert after == before or ticket_id > queue.finalised


@given(queues(), amounts, st.integers(0, 12))
def test_the_longest_prefix_is_paid_and_no_longer_one(
    queue: Queue, budget: int, requested_by: int
) -> None:
    last = longest_prefix(queue, budget, requested_by)
    assert queue.finalised <= last
    if last > queue.finalised:
        assert finalisation_cost_wei(queue, last) <= budget
        assert queue.tickets[last - 1].requested_at <= requested_by
    if last < len(queue.tickets):
        too_young = queue.tickets[last].requested_at > requested_by
        assert too_young or finalisation_cost_wei(queue, last + 1) > budget


@given(queues(), st.integers(0, 12))
def test_finalising_moves_what_q_loses(queue: Queue, upto: int) -> None:
    after, moved = finalise(queue, min(upto, len(queue.tickets)))
    assert moved == queue.owed_wei - after.owed_wei == after.held_wei - queue.held_wei
    assert after.finalised == max(queue.finalised, min(upto, len(queue.tickets)))
    indices_kept = [point.index for point in after.checkpoints]
    assert indices_kept == sorted(set(indices_kept), reverse=True)


def test_ticket_bounds_are_inclusive() -> None:
    check_amount(10, 10, 20)
    check_amount(20, 10, 20)
    for wrong in (9, 21):
        with pytest.raises(AmountOutOfBounds) as refusal:
            check_amount(wrong, 10, 20)
        assert list(refusal.value.arguments.values()) == [wrong, 10, 20]
