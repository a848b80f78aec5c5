"""A wallet sends ether; all else is done by reporters, a keeper and the beacon chain."""

from pathlib import Path

from keel.commands.chain import DEFAULT_SLOT_SECONDS
from keel.keeper.view import FAR_FUTURE_EPOCH
from keel.model.constants import ETHER
from keel.model.frames import State
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.identity import require_identity
from keel.scenarios.operators import operators_join
from keel.scenarios.users import claim_ticket, deposit, request_ticket
from tests.causes import fails
from tests.end_to_end.conftest import Begin
from tests.end_to_end.story import Story

_SLOWEST = 2
"""A machine that shows every slot at half its pace still keeps the five minutes of `make chain`."""

_DUST_GWEI = 10**6
"""One that has left may still sit in a sync committee and be paid for it."""


def test_33_ether_become_a_validator_that_earns_and_leaves_to_pay_them_back(
    beacon_world: BeaconWorld, begin: Begin, tmp_path: Path
) -> None:
    operators_join(beacon_world, tmp_path, keys_each=2)
    with begin(beacon_world) as story:
        chain, vault = story.chain, story.contracts.vault
        wallet = story.world.actors["depositor"]
        story.reports(1)
        assert story.staked() == []

        # The first slot of a frame is the worst: the next report comes before anything is earned.
        frame_slots = story.world.configuration.parameters.frame_slots
        story.circle.until(lambda: chain.slot % frame_slots == frame_slots - 1, "a frame")
        deposited_slot = chain.slot
        deposit(story.world, "depositor", 33 * ETHER)
        assert vault.balanceOf(wallet) == 33 * ETHER
        story.circle.until(lambda: len(story.staked()) == 1, "a validator")
        staked = require_identity(story.world)
        assert (staked.buffered_wei, staked.pending_wei) == (4 * ETHER, 32 * ETHER)

        (pubkey,) = story.staked()
        chain.to_activation(pubkey)
        validator = chain.index_of(pubkey)
        assert (
            bytes(chain.state.validators[validator].withdrawal_credentials)
            == vault.withdrawalCredentials()
        )
        while not story.frames.last.reported.outcome.profitWei:
            story.world.next_report()
        chain.run(1)
        assert vault.balanceOf(wallet) > 33 * ETHER
        grown_seconds = (chain.slot - deposited_slot) * DEFAULT_SLOT_SECONDS
        assert _SLOWEST * grown_seconds < 5 * 60
        earning = story.frames.last.reported
        assert earning.report.active_validators == 1
        assert earning.outcome.profitWei > 0
        assert story.exits_asked() == []
        assert chain.state.validators[validator].exit_epoch == FAR_FUTURE_EPOCH

        amount_wei = vault.balanceOf(wallet)
        ticket = request_ticket(story.world, "depositor", amount_wei)
        with fails("NotFinalised", ticketId=ticket, lastFinalised=0):
            claim_ticket(story.world, ticket)
        story.finalise(ticket)
        assert story.exits_asked() == [pubkey]
        assert chain.state.balances[validator] < _DUST_GWEI
        claimed = claim_ticket(story.world, ticket)
        assert (claimed.paid_wei, claimed.asked_wei) == (amount_wei, amount_wei)
        _is_over(story)

        story.reports(1)
        last = story.frames.last
        assert last.reported.report.active_validators == 0
        assert last.reported.report.consensus_balance_gwei < _DUST_GWEI
        assert last.reported.report.exited_validators == 1
        assert len(story.staked()) == len(story.exits_asked()) == 1
        assert last.identity.owed_wei == 0
        assert last.identity.buffered_wei > ETHER
        assert story.state is State.NORMAL
        story.frames.explained()


def _is_over(story: Story) -> None:
    """The payout is proven, and the exit counts as on its way no more."""
    exits, registry = story.contracts.exits, story.contracts.registry
    story.circle.until(lambda: exits.leavingGwei() == 0, "the exit to be over", 3 * 8)
    assert registry.totals().liveKeys == 0
    assert len(story.events(exits, "ExitEnded")) == 1
