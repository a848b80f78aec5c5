"""Eleven validators of two operators are slashed at once."""

from keel.model.constants import ETHER, GWEI
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.members import next_reference_slot
from keel.scenarios.users import claim_ticket, request_ticket
from tests.end_to_end.conftest import Begin
from tests.end_to_end.losses import (
    correlation_penalty_gwei,
    indices_of_operator,
    require_same_parts,
    shared_by_model,
    slash,
)

_TICKET_WEI = 60 * ETHER
_MISSED_DUTIES_GWEI = 10**8
"""More than eleven lose in an epoch because they no longer attest."""


def test_eleven_slashed_at_once_cost_insurance_holders_and_tickets(
    validating_world: BeaconWorld, begin: Begin
) -> None:
    with begin(validating_world, announcements=1) as story:
        chain, queue = story.chain, story.contracts.queue
        story.reports(1)
        world = story.world
        indices = indices_of_operator(world, 0, 6) + indices_of_operator(world, 1, 5)
        slashed = slash(chain, indices)
        assert sum(int(gwei) for gwei in chain.state.slashings) == 11 * 32 * 10**9

        while next_reference_slot(story.world) < slashed.penalty_slot:
            reported = story.world.next_report()
            assert reported.applied
        assert reported.report.slashed_validators == 11
        by_operator = {leaf.operator_id: leaf.slashed for leaf in story.frames.last.leaves}
        assert by_operator == {0: 6, 1: 5, 2: 0}
        assert reported.report.active_validators == 13

        ticket = request_ticket(story.world, "depositor", _TICKET_WEI)
        chain.to_slot(slashed.penalty_slot - 1)
        before = sum(int(chain.state.balances[index]) for index in indices)
        chain.run(1)
        after = sum(int(chain.state.balances[index]) for index in indices)
        penalty_gwei = 11 * correlation_penalty_gwei(chain, 11, active=64 + 13)
        assert before - after >= penalty_gwei
        assert before - after - penalty_gwei < _MISSED_DUTIES_GWEI

        announced = story.world.next_report()
        assert not announced.applied
        applied = story.world.next_report()
        assert applied.applied
        assert applied.signatures >= 4
        assert applied.judgement.lossWei <= (before - after) * GWEI
        expected = shared_by_model(story, applied)
        assert min(expected.cover_wei, expected.holders_loss_wei, expected.tickets_loss_wei) > 0
        require_same_parts(applied, expected)

        later = story.world.next_report()
        assert later.judgement.lossWei == 0
        assert later.event("LossAbsorbed") is None
        story.finalise(ticket)
        _, index = queue.pending()
        assert index == expected.index_after
        claimed = claim_ticket(story.world, ticket)
        assert claimed.paid_wei < claimed.asked_wei
        assert claimed.asked_wei - claimed.paid_wei - expected.tickets_loss_wei in (-1, 0, 1)
        step = story.frame_slots
        slots = story.frames.ref_slots
        missing = set(range(slots[0], slots[-1] + 1, step)) - set(slots)
        assert missing == {announced.report.ref_slot}
        story.frames.explained()
