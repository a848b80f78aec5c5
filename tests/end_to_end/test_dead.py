"""The whole committee is gone for fourteen frames."""

from keel.chain.state import balance_wei, block_head
from keel.model.constants import DEAD_FRAMES, ETHER
from keel.model.frames import Action, State
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.identity import last_ref_time, require_identity
from keel.scenarios.users import claim_ticket, deposit, request_ticket
from tests.causes import fails
from tests.end_to_end.conftest import Begin
from tests.end_to_end.restarting import start_all

_FIRST_WEI = 20 * ETHER
_SECOND_WEI = 60 * ETHER


def test_the_keeper_pays_tickets_while_the_committee_is_dead_and_until_it_is_back(
    validating_world: BeaconWorld, begin: Begin
) -> None:
    with begin(validating_world) as story:
        c, world, chain = story.contracts, story.world, story.chain
        story.reports(1)
        for reporter in story.circle.reporters:
            reporter.kill()
        first = request_ticket(world, "depositor", _FIRST_WEI)
        second = request_ticket(world, "depositor", _SECOND_WEI)
        buffered_wei = require_identity(world).buffered_wei
        assert _FIRST_WEI < buffered_wei < _FIRST_WEI + _SECOND_WEI
        story.circle.until(lambda: len(story.exits_asked()) == 2, "exits", 24)
        dead_at = last_ref_time(world) + DEAD_FRAMES * world.profile.frame_seconds
        with story.unattended():
            world.beacon.go_to(dead_at - 3 * chain.config.slot_seconds)
        assert (story.state, c.queue.lastFinalised()) == (State.STALE, 0)
        with fails("StateNotDead", state=int(State.STALE)):
            c.vault.finaliseWithoutReport.send(first, sender=world.actors["stranger"])
        assert len(story.exits_asked()) == 2
        assert balance_wei(world.rpc, c.withdrawal_vault.address) >= 64 * ETHER

        story.circle.until(lambda: c.queue.lastFinalised() >= first, "the first", 8)
        require_identity(world)
        story.circle.until(lambda: c.queue.lastFinalised() == second, "the second", 16)
        after = require_identity(world)
        (swept,) = story.events(c.vault, "Swept")
        swept_wei = swept.inputs["amountWei"]
        assert swept_wei >= 64 * ETHER
        assert after.owed_wei == 0
        assert after.buffered_wei == buffered_wei + swept_wei - _FIRST_WEI - _SECOND_WEI
        with fails("ActionClosed", action=int(Action.DEPOSIT), state=int(State.DEAD)):
            deposit(world, "holder", ETHER)
        assert claim_ticket(world, first).paid_wei == _FIRST_WEI
        assert claim_ticket(world, second).paid_wei == _SECOND_WEI
        story.circle.advance(story.frame_slots // 2)
        assert len(story.events(c.vault, "Swept")) == 1
        assert len(story.frames.applied) == 1

        start_all(story.circle.reporters)
        story.circle.settle()
        reported = story.circle.until_reported(0)
        swept_at = block_head(world.rpc, swept.log.block_number).timestamp
        assert reported.applied
        assert world.configuration.geometry.time_of(reported.report.ref_slot) > swept_at
        assert reported.report.exited_validators == 2
        assert reported.judgement.lossWei == 0
        assert story.state is State.NORMAL
        assert deposit(world, "holder", ETHER).balance > 0
        following = world.next_report()
        assert following.report.ref_slot == reported.report.ref_slot + story.frame_slots
        assert len(story.events(c.vault, "Swept")) == 1
        assert len(story.exits_asked()) == 2
        story.frames.explained()
