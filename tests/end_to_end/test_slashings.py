"""Eleven validators of two operators are slashed at once, and a keeper proves it."""

from keel.circle.reports import Reported
from keel.model.constants import ETHER, GWEI
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.members import next_reference_slot
from keel.scenarios.users import claim_ticket, request_ticket
from keel.scenarios.validators import Slashed
from tests.end_to_end.conftest import Begin
from tests.end_to_end.losses import (
    correlation_penalty_gwei,
    indices_of_operator,
    most_missed_in_sync_committees_gwei,
    require_same_parts,
    shared_by_model,
    slash,
    worth_gwei,
)
from tests.end_to_end.story import Story

_TICKET_WEI = 25 * ETHER
"""Less than is buffered: with an exit for it fewer would share the penalty than was expected."""
_MISSED_DUTIES_GWEI = 10**8
"""More than eleven lose in an epoch because they no longer attest."""

_ERROR_PPM = 100
"""What docs/consensus.md states for expected penalties, whose table a test keeps below it."""


def test_eleven_slashed_at_once_cost_bonds_insurance_holders_and_tickets_in_the_next_report(
    validating_world: BeaconWorld, begin: Begin
) -> None:
    """REP-10."""
    with begin(validating_world, announcements=1) as story:
        chain, queue = story.chain, story.contracts.queue
        story.reports(1)
        world = story.world
        indices = indices_of_operator(world, 0, 6) + indices_of_operator(world, 1, 5)
        slashed = slash(chain, indices)
        assert sum(int(gwei) for gwei in chain.state.slashings) == 11 * 32 * 10**9
        ticket = request_ticket(world, "depositor", _TICKET_WEI)
        sync_gwei = most_missed_in_sync_committees_gwei(chain, indices)
        penalty_gwei = 11 * correlation_penalty_gwei(chain, 11, active=64 + 13)

        announced = world.next_report()
        assert not announced.applied
        assert announced.report.slashed_validators == 11
        assert announced.judgement.lossWei >= penalty_gwei * GWEI
        applied = world.next_report()
        assert applied.applied
        assert applied.signatures >= 4
        by_operator = {leaf.operator_id: leaf.slashed for leaf in story.frames.last.leaves}
        assert by_operator == {0: 6, 1: 5, 2: 0}
        expected = shared_by_model(story, applied)
        assert min(expected.cover_wei, expected.holders_loss_wei, expected.tickets_loss_wei) > 0
        assert expected.bond_wei >= 11 * ETHER  # forfeit by the keeper's proofs
        require_same_parts(applied, expected)
        explained = story.frames.explained()
        counted = worth_gwei(world, slashed, applied.report.ref_slot)
        state = chain.store.state_at(applied.report.ref_slot)
        held = sum(int(state.balances[index]) for index in indices)
        assert held - counted == int(explained["penalties_gwei"]) > penalty_gwei

        later = _next_report_after_the_penalty(story, slashed, penalty_gwei)
        assert later.event("LossAbsorbed") is None
        assert later.report.active_validators == 13
        moved = worth_gwei(world, slashed, later.report.ref_slot) - counted
        error_gwei = slashed.expected_gwei * _ERROR_PPM // 10**6
        assert -error_gwei - sync_gwei <= moved <= error_gwei

        story.finalise(ticket)
        _, index = queue.pending()
        assert index == expected.index_after
        claimed = claim_ticket(world, ticket)
        assert claimed.paid_wei < claimed.asked_wei
        assert claimed.asked_wei - claimed.paid_wei - expected.tickets_loss_wei in (-1, 0, 1)
        step = story.frame_slots
        slots = story.frames.ref_slots
        missing = set(range(slots[0], slots[-1] + 1, step)) - set(slots)
        assert missing == {announced.report.ref_slot}
        story.frames.explained()


def _next_report_after_the_penalty(story: Story, slashed: Slashed, penalty_gwei: int) -> Reported:
    """The chain takes the large part halfway; no report on the way there or after shows a loss."""
    chain, world = story.chain, story.world
    while next_reference_slot(world) < slashed.penalty_slot:
        assert world.next_report().judgement.lossWei == 0
    chain.to_slot(slashed.penalty_slot - 1)
    before = sum(int(chain.state.balances[index]) for index in slashed.indices)
    chain.run(1)
    after = sum(int(chain.state.balances[index]) for index in slashed.indices)
    assert 0 <= before - after - penalty_gwei < _MISSED_DUTIES_GWEI
    later = world.next_report()
    assert later.judgement.lossWei == 0
    return later
