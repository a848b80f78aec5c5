"""Tickets: fixed ether claims that only losses can shrink.

QUE-1: a request stores its claim normalised by the index, rounded down; Q is the sum of the claims
not finalised times the index, rounded up.
QUE-2: finalising moves the difference of Q; a report takes the longest prefix it can pay among
tickets not younger than its reference slot; a hint only saves work.
QUE-3: a claim pays what its normalised claim is worth at the index of its finalisation, never more
than was asked for.
QUE-4: tickets have a smallest and a largest amount.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace

from keel.model.constants import CLAIM_SCALE, RAY
from keel.model.errors import AmountOutOfBounds
from keel.model.rounding import ceil_div


@dataclass(frozen=True)
class Ticket:
    """Amount asked for, normalised claims up to and with this ticket, time of the request."""

    amount_wei: int
    cumulative: int
    requested_at: int


@dataclass(frozen=True)
class Checkpoint:
    """Tickets after the checkpoint before, up to `last_ticket`, were finalised at `index`."""

    last_ticket: int
    index: int


@dataclass(frozen=True)
class Queue:
    """Tickets count from 1. `held_wei` is ether of finalised tickets that nobody has claimed."""

    index: int = RAY
    tickets: tuple[Ticket, ...] = ()
    finalised: int = 0
    checkpoints: tuple[Checkpoint, ...] = ()
    held_wei: int = 0

    @property
    def normalised(self) -> int:
        """N: claims not finalised."""
        return self.cumulative(len(self.tickets)) - self.cumulative(self.finalised)

    @property
    def owed_wei(self) -> int:
        """Q."""
        return owed_up(self.normalised, self.index)

    def cumulative(self, ticket_id: int) -> int:
        """Normalised claims of tickets 1 to `ticket_id`."""
        return self.tickets[ticket_id - 1].cumulative if ticket_id else 0


def lowest_index(owed_wei: int, normalised: int) -> int:
    """Lowest index at which so much, above 0, is owed for normalised claims (LOS-1)."""
    return (owed_wei - 1) * CLAIM_SCALE // normalised + 1


def owed_up(normalised: int, index: int) -> int:
    """Ether owed for normalised claims (QUE-1)."""
    return ceil_div(normalised * index, CLAIM_SCALE)


def normalise_down(amount_wei: int, index: int) -> int:
    """Claim that a request stores (QUE-1)."""
    return amount_wei * CLAIM_SCALE // index


def check_amount(amount_wei: int, min_wei: int, max_wei: int) -> None:
    """Raise AmountOutOfBounds (QUE-4)."""
    if not min_wei <= amount_wei <= max_wei:
        raise AmountOutOfBounds(amount_wei, min_wei, max_wei)


def add_ticket(queue: Queue, amount_wei: int, now: int) -> Queue:
    """Append a ticket; Q grows by `amount_wei` or by 1 wei less (QUE-1)."""
    claims = queue.cumulative(len(queue.tickets)) + normalise_down(amount_wei, queue.index)
    return replace(queue, tickets=(*queue.tickets, Ticket(amount_wei, claims, now)))


def finalisation_cost_wei(queue: Queue, last_ticket: int) -> int:
    """Q before less Q after finalising up to `last_ticket` (QUE-2)."""
    rest = queue.cumulative(len(queue.tickets)) - queue.cumulative(last_ticket)
    return queue.owed_wei - owed_up(rest, queue.index)


def longest_prefix(queue: Queue, budget_wei: int, requested_by: int | None = None) -> int:
    """Last ticket that can be finalised (QUE-2), `requested_by` being the reference slot's time."""
    last = len(queue.tickets)
    if requested_by is not None:
        last = bisect_right(queue.tickets, requested_by, key=lambda ticket: ticket.requested_at)
    candidates = range(queue.finalised + 1, last + 1)
    payable = bisect_right(
        candidates, budget_wei, key=lambda ticket_id: finalisation_cost_wei(queue, ticket_id)
    )
    return queue.finalised + payable


def finalise(queue: Queue, last_ticket: int) -> tuple[Queue, int]:
    """Finalise up to `last_ticket`; also return the ether that moves to the queue (QUE-2)."""
    if last_ticket <= queue.finalised:
        return queue, 0
    moved_wei = finalisation_cost_wei(queue, last_ticket)
    kept = queue.checkpoints
    if kept and kept[-1].index == queue.index:
        kept = kept[:-1]
    after = replace(
        queue,
        finalised=last_ticket,
        checkpoints=(*kept, Checkpoint(last_ticket, queue.index)),
        held_wei=queue.held_wei + moved_wei,
    )
    return after, moved_wei


def claim_wei(queue: Queue, ticket_id: int) -> int:
    """What a ticket pays, or would pay at today's index when it is not finalised (QUE-3)."""
    index = queue.index
    if ticket_id <= queue.finalised:
        position = bisect_left(queue.checkpoints, ticket_id, key=lambda point: point.last_ticket)
        index = queue.checkpoints[position].index
    claims = queue.cumulative(ticket_id) - queue.cumulative(ticket_id - 1)
    return claims * index // CLAIM_SCALE
