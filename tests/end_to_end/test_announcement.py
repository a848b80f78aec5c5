"""A loss that is larger than what may be applied at once."""

from keel.chain.clock import now
from keel.model.constants import ETHER
from keel.model.frames import Action, State
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.users import claim_ticket, deposit, request_ticket
from tests.causes import fails
from tests.end_to_end.conftest import Begin
from tests.end_to_end.losses import (
    indices_of_operator,
    require_same_parts,
    shared_by_model,
    slash,
)
from tests.end_to_end.story import Story

_SLASHED = 4


def test_a_large_loss_is_announced_and_applies_a_frame_later_by_one_member_more(
    validating_world: BeaconWorld, begin: Begin
) -> None:
    with begin(validating_world, announcements=1) as story:
        story.reports(1)
        slash(story.chain, indices_of_operator(story.world, 1, _SLASHED))
        queue, vault = story.contracts.queue, story.contracts.vault
        two = story.circle.reporters[3:]
        ticket = request_ticket(story.world, "depositor", 10 * ETHER)
        announced = story.world.next_report()
        assert not announced.applied
        assert announced.judgement.drawnWei > announced.judgement.limitWei
        assert story.contracts.vault.reportBase(now(story.world.rpc)).announcedWei == (
            announced.judgement.lossWei
        )
        assert announced.report.slashed_validators == _SLASHED
        before = story.frames.last
        assert before.reported.judgement.lossWei == 0
        assert (story.state, queue.lastFinalised()) == (State.ANNOUNCED, 0)
        with fails("ActionClosed", action=int(Action.DEPOSIT), state=int(State.ANNOUNCED)):
            deposit(story.world, "holder", ETHER)
        story.circle.settle()
        for reporter in story.circle.reporters:
            alarms = reporter.health().alarms
            assert f"slot {announced.report.ref_slot}: a loss of" in alarms["beyond_limit"]
            assert "applies with 4 of 5 signatures" in alarms["loss_announced"]

        for reporter in two:
            reporter.kill()
        announced_at = vault.consensus().announcedAt
        applicable_at = announced_at + story.world.profile.frame_seconds
        next_slot = announced.report.ref_slot + story.frame_slots
        story.circle.until(lambda: story.circle.due_ref_slot() == next_slot, "the next frame")
        story.world.beacon.go_to(max(now(story.world.rpc), applicable_at))
        story.circle.advance(4, settle_each=True)
        assert len(story.frames.announced) == len(story.frames.applied) == 1
        assert {each.health().stage for each in story.circle.reporters[:3]} == {"gathering"}

        two[0].restart()
        applied = story.circle.until_reported(next_slot)
        assert (applied.report.ref_slot, applied.applied) == (next_slot, True)
        assert set(applied.signers) == set(story.members[:4])
        expected = shared_by_model(story, applied)
        assert min(expected.cover_wei, expected.holders_loss_wei, expected.tickets_loss_wei) > 0
        require_same_parts(applied, expected)
        assert vault.lossAllowanceWei(block=applied.receipt.block_number) == 0
        assert queue.lastFinalised() == ticket
        claimed = claim_ticket(story.world, ticket)
        assert claimed.asked_wei - claimed.paid_wei in (
            expected.tickets_loss_wei,
            expected.tickets_loss_wei + 1,
        )
        following = story.world.next_report()
        assert (following.applied, following.judgement.lossWei) == (True, 0)
        assert story.state is State.NORMAL
        _deposits_open_again(story)
        story.frames.explained()


def _deposits_open_again(story: Story) -> None:
    """After seven frames, and not before."""
    reopen_at = story.contracts.vault.depositsReopenAt()
    with fails("DepositsClosed", reopenAt=reopen_at):
        deposit(story.world, "holder", ETHER)
    for _ in range(7):
        story.world.next_report()
    assert now(story.world.rpc) >= reopen_at
    assert deposit(story.world, "holder", ETHER).balance > 0
