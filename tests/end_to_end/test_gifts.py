"""Ether that nobody earned comes to the vaults and to one of the validators."""

from keel.chain.state import balance_wei
from keel.chain.transaction import send_transaction
from keel.consensus.beacon.requests import top_up
from keel.model.constants import DAY, ETHER, GWEI, RAY
from keel.model.frames import State
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.users import claim_ticket, deposit, request_ticket
from tests.end_to_end.conftest import Begin
from tests.end_to_end.final_frames import FinalFrame
from tests.end_to_end.story import Story

_GIFT_WEI = 100 * ETHER
_TOP_UP_GWEI = 5 * 10**9


def test_gifts_enter_as_slowly_as_the_limits_let_them_and_stop_nothing(
    validating_world: BeaconWorld, begin: Begin
) -> None:
    with begin(validating_world) as story:
        c, world, chain = story.contracts, story.world, story.chain
        stranger = world.actors["stranger"]
        vaults = (c.withdrawal_vault.address, c.rewards_vault.address)
        story.reports(1)
        backing_wei = c.vault.totals()[1]
        for vault in vaults:
            send_transaction(world.rpc, stranger, vault, value_wei=_GIFT_WEI)
        index = next(iter(world.beacon.standings().values())).index
        top_up(chain, index, _TOP_UP_GWEI, stranger)
        chain.step()
        assert c.vault.totals()[1] == backing_wei
        assert all(balance_wei(world.rpc, vault) >= _GIFT_WEI for vault in vaults)

        first, *others = (_entered(story) for _ in range(3))
        assert first > 4 * ETHER
        assert others == [0, 0]
        held = [frame.reported.judgement for frame in story.frames.applied[1:]]
        assert all(each.heldRewardsWei >= _GIFT_WEI for each in held)
        assert held[-1].heldWithdrawalsWei < _GIFT_WEI < held[0].heldWithdrawalsWei
        assert int(chain.state.balances[index]) < 33 * 10**9

        ticket = request_ticket(world, "depositor", 20 * ETHER)
        deposit(world, "holder", ETHER)
        story.finalise(ticket)
        assert claim_ticket(world, ticket).paid_wei == 20 * ETHER
        assert story.state is State.NORMAL
        assert all(each.reported.judgement.lossWei == 0 for each in story.frames.applied)
        story.circle.settle()
        assert [process.health().alarms for process in story.circle.reporters] == [{}] * 5
        story.frames.explained()


def _entered(story: Story) -> int:
    """Let a frame pass; what its report let in is what REP-4 says. Returns what came feeless."""
    before = story.frames.last
    story.world.next_report()
    after = story.frames.last
    report, judgement = after.reported.report, after.reported.judgement
    withdrawals_wei = report.withdrawal_vault_balance_wei
    rewards_wei = report.rewards_vault_balance_wei
    growth_wei = (
        after.identity.consensus_wei + withdrawals_wei + rewards_wei - before.identity.consensus_wei
    )
    excess_wei = max(0, growth_wei - _limit_wei(story, before))
    held_rewards_wei = min(excess_wei, rewards_wei)
    held_withdrawals_wei = min(excess_wei - held_rewards_wei, withdrawals_wei)
    feeless_wei = excess_wei - held_rewards_wei - held_withdrawals_wei
    assert judgement.growthWei == growth_wei
    assert judgement.heldRewardsWei == held_rewards_wei
    assert judgement.heldWithdrawalsWei == held_withdrawals_wei
    assert judgement.feelessWei == feeless_wei
    came_wei = withdrawals_wei + rewards_wei - held_withdrawals_wei - held_rewards_wei
    assert after.identity.buffered_wei - before.identity.buffered_wei == came_wei
    assert after.identity.backing_wei - before.identity.backing_wei == (
        growth_wei - held_withdrawals_wei - held_rewards_wei
    )
    assert report.consensus_balance_gwei * GWEI == after.identity.consensus_wei
    return feeless_wei


def _limit_wei(story: Story, before: FinalFrame) -> int:
    """What may enter in one frame."""
    profile = story.world.profile
    total_wei = before.identity.backing_wei + before.identity.owed_wei
    return profile.growth_ray_per_day * profile.frame_seconds * total_wei // (DAY * RAY)
