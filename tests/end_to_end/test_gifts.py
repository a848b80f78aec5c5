"""Ether that nobody earned comes to the vaults and to one of the validators."""

import pytest

from keel.chain.abi import CustomError
from keel.chain.revert import Reverted
from keel.chain.state import balance_wei
from keel.chain.transaction import send_transaction
from keel.consensus.beacon.requests import top_up
from keel.model.constants import DAY, ETHER, GWEI, RAY
from keel.model.frames import State
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.users import claim_ticket, deposit, request_ticket
from tests.end_to_end.conftest import Begin
from tests.end_to_end.story import Story

_GIFT_WEI = 100 * ETHER
_TOP_UP_GWEI = 5 * 10**9


def test_gifts_stream_as_slowly_as_the_cap_lets_them_and_stop_no_report(
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

        for _ in range(3):
            _require_streamed(story)
        grown_wei = story.frames.applied[1].reported.judgement.growthWei
        assert grown_wei > 2 * _GIFT_WEI + 4 * ETHER
        assert int(chain.state.balances[index]) < 33 * 10**9

        ticket = request_ticket(world, "depositor", 20 * ETHER)
        with pytest.raises(Reverted) as refused:
            deposit(world, "holder", ETHER)
        assert isinstance(refused.value.cause, CustomError)
        assert refused.value.cause.name == "UnvestedAboveLimit"
        story.finalise(ticket)
        assert claim_ticket(world, ticket).paid_wei == 20 * ETHER
        assert story.state is State.NORMAL
        assert all(each.reported.judgement.lossWei == 0 for each in story.frames.applied)
        story.circle.settle()
        assert [process.health().alarms for process in story.circle.reporters] == [{}] * 5
        story.frames.explained()


def _require_streamed(story: Story) -> None:
    """Let a frame pass: all that came is pulled, and no more of it vests in a day than may."""
    before = story.frames.last
    story.world.next_report()
    after = story.frames.last
    report, judgement = after.reported.report, after.reported.judgement
    arrived_wei = report.withdrawal_vault_balance_wei + report.rewards_vault_balance_wei
    growth_wei = after.identity.consensus_wei - before.identity.consensus_wei + arrived_wei
    assert judgement.growthWei == growth_wei
    assert after.identity.buffered_wei - before.identity.buffered_wei == arrived_wei
    assert after.identity.backing_wei - before.identity.backing_wei == growth_wei
    assert report.consensus_balance_gwei * GWEI == after.identity.consensus_wei

    rebased = after.reported.event("Rebased")
    assert rebased is not None
    told, outcome = rebased.inputs, after.reported.outcome
    visible_wei = told["assetsAfterWei"] - told["unvestedAfterWei"]
    assert visible_wei - told["visibleBeforeWei"] == outcome.feeWei
    vault, profile = story.contracts.vault, story.world.profile
    block = after.reported.receipt.block_number
    base_wei = min(told["visibleBeforeWei"], vault.recordWei(block=block))
    in_a_day_wei = told["unvestedAfterWei"] * DAY // told["streamSeconds"]
    assert in_a_day_wei <= profile.stream_cap_ray_per_day * base_wei // RAY
