"""What each story must bring about, on either profile; the books are counted after each step."""

from pathlib import Path

import pytest

from keel.chain.clock import jump_to
from keel.chain.deposit_contract import deposits_of
from keel.chain.state import balance_wei, block_head
from keel.model.constants import ETHER, GWEI
from keel.scenarios.identity import require_identity
from keel.scenarios.keepers import stake
from keel.scenarios.members import report
from keel.scenarios.operators import predeposit_keys, write_key_file
from keel.scenarios.users import (
    a_frame_passes,
    claim_ticket,
    redeem_instantly,
    request_ticket,
    sell_ticket,
    worth,
)
from keel.scenarios.validators import LossNotAppliedError
from tests.causes import fails
from tests.scenarios.scripted_world import ScriptedWorld, earn, lose, operators_claim


def test_deposits_reach_the_deposit_contract(busy_world: ScriptedWorld) -> None:
    assert busy_world.contracts.registry.totals().staked == 24
    deposits, vault = busy_world.contracts.deposits, busy_world.contracts.vault
    events = deposits.events_between(0, block_head(busy_world.rpc).number, "DepositEvent")
    told = [deposit.data for deposit in deposits_of(events)]
    assert {data.withdrawal_credentials for data in told} == {vault.withdrawalCredentials()}
    amounts: dict[bytes, list[int]] = {}
    for data in told:
        amounts.setdefault(data.pubkey, []).append(data.amount_gwei // GWEI)
    assert list(amounts.values()) == [[1, 31]] * 24


def test_operators_have_their_own_ether_back_as_bonds(busy_world: ScriptedWorld) -> None:
    bonds, wrapped = busy_world.contracts.bonds, busy_world.contracts.wrapped
    worth_wei = [wrapped.convertToAssets(bonds.bondOf(number).units) for number in range(3)]
    assert worth_wei == [8 * ETHER] * 3


def test_operators_are_staked_in_turn(busy_world: ScriptedWorld) -> None:
    operators = [busy_world.contracts.registry.operator(n) for n in range(3)]
    assert [operator.staked for operator in operators] == [8, 8, 8]


def test_a_profit_moves_no_balance_at_the_report(busy_world: ScriptedWorld) -> None:
    earn(busy_world)
    before = worth(busy_world, "depositor", "holder")
    reported = report(busy_world)
    after = worth(busy_world, "depositor", "holder")
    assert reported.outcome.profitWei > 0
    assert before == after
    require_identity(busy_world)


def test_both_tokens_grow_over_the_next_frame(busy_world: ScriptedWorld) -> None:
    earn(busy_world)
    report(busy_world)
    grown = a_frame_passes(busy_world, "depositor", "holder")
    assert grown.start.keth_wei < grown.middle.keth_wei < grown.end.keth_wei
    assert grown.start.wketh_wei < grown.middle.wketh_wei < grown.end.wketh_wei
    require_identity(busy_world)


def test_neither_token_grows_without_a_profit(busy_world: ScriptedWorld) -> None:
    report(busy_world)
    grown = a_frame_passes(busy_world, "depositor", "holder")
    assert grown.start == grown.middle == grown.end


def test_simulation_said_what_the_report_did(busy_world: ScriptedWorld) -> None:
    earn(busy_world)
    reported = report(busy_world)
    rebased = reported.event("Rebased")
    assert rebased is not None
    assert rebased.inputs["sharesAfter"] == reported.outcome.sharesAfter
    assert rebased.inputs["assetsAfterWei"] == reported.outcome.assetsAfter
    assert busy_world.contracts.vault.totals()[0] == reported.outcome.sharesAfter


def test_enough_insurance_spares_holders_and_tickets(busy_world: ScriptedWorld) -> None:
    request_ticket(busy_world, "depositor", 10 * ETHER)
    before = worth(busy_world, "depositor", "holder")
    lost = lose(busy_world, ETHER // 10)
    assert (lost.cover_wei, lost.holders_wei, lost.tickets_wei) == (ETHER // 10, 0, 0)
    assert worth(busy_world, "depositor", "holder") == before
    require_identity(busy_world)


def test_unvested_rewards_bear_a_loss_before_insurance(busy_world: ScriptedWorld) -> None:
    earn(busy_world)
    report(busy_world, late_seconds=busy_world.profile.frame_seconds // 4)
    lost = lose(busy_world, ETHER // 5)
    assert min(lost.unvested_wei, lost.cover_wei) > 0
    assert lost.unvested_wei + lost.cover_wei == ETHER // 5
    require_identity(busy_world)


def test_with_too_little_insurance_holders_and_tickets_share(busy_world: ScriptedWorld) -> None:
    request_ticket(busy_world, "depositor", 50 * ETHER)
    before = worth(busy_world, "depositor", "holder")
    lost = lose(busy_world, 2 * ETHER, validators=3)
    parts = lost.unvested_wei + lost.cover_wei + lost.holders_wei + lost.tickets_wei
    assert parts == lost.loss_wei == 2 * ETHER
    assert lost.tickets_wei > 0
    after = worth(busy_world, "depositor", "holder")
    holder_bps = (before.keth_wei - after.keth_wei) * 10**6 // before.keth_wei
    assert lost.tickets_wei * 10**6 // (50 * ETHER) == holder_bps
    require_identity(busy_world)


def test_a_sold_ticket_pays_its_new_owner(busy_world: ScriptedWorld) -> None:
    ticket_id = request_ticket(busy_world, "depositor", 50 * ETHER)
    sell_ticket(busy_world, ticket_id, "depositor", "stranger", 49 * ETHER)
    report(busy_world)
    seller_wei = balance_wei(busy_world.rpc, busy_world.actors["depositor"])
    claimed = claim_ticket(busy_world, ticket_id)
    assert claimed.paid_wei == 50 * ETHER
    assert balance_wei(busy_world.rpc, busy_world.actors["depositor"]) == seller_wei
    require_identity(busy_world)


def test_a_ticket_cannot_be_claimed_before_its_report(busy_world: ScriptedWorld) -> None:
    ticket_id = request_ticket(busy_world, "depositor", 50 * ETHER)
    with fails("NotFinalised", ticketId=ticket_id, lastFinalised=0):
        claim_ticket(busy_world, ticket_id)


def test_instant_redemption_leaves_its_fee_to_the_fund(busy_world: ScriptedWorld) -> None:
    fund, wrapped = busy_world.contracts.fund, busy_world.contracts.wrapped
    before_wei = wrapped.convertToAssets(fund.totalAssets())
    redeemed = redeem_instantly(busy_world, "redeemer", 20 * ETHER)
    after_wei = wrapped.convertToAssets(fund.totalAssets())
    assert redeemed.fee_wei > 0
    assert redeemed.fee_wei - 2 <= after_wei - before_wei <= redeemed.fee_wei
    require_identity(busy_world)


def test_operators_claim_the_fees_of_earlier_reports_once(busy_world: ScriptedWorld) -> None:
    earn(busy_world)
    report(busy_world)
    assert operators_claim(busy_world) == []
    minted = busy_world.contracts.vault.sharesOf(busy_world.contracts.registry.address)
    report(busy_world)
    rewarded = operators_claim(busy_world)
    assert [reward.operator_id for reward in rewarded] == [0, 1, 2]
    assert 0 <= minted - sum(reward.shares for reward in rewarded) < 3
    assert operators_claim(busy_world) == []
    require_identity(busy_world)


def test_a_loss_beyond_the_bucket_waits_for_one_member_more(busy_world: ScriptedWorld) -> None:
    with pytest.raises(LossNotAppliedError):
        lose(busy_world, 20 * ETHER, validators=2)
    require_identity(busy_world)
    announced_at = busy_world.contracts.vault.consensus().announcedAt
    jump_to(busy_world.rpc, announced_at + busy_world.profile.frame_seconds)
    reported = report(busy_world, busy_world.members[:4])
    assert reported.applied
    assert reported.outcome.lossWei == 20 * ETHER
    require_identity(busy_world)


def test_three_of_five_do_not_suffice_for_an_announced_loss(busy_world: ScriptedWorld) -> None:
    with pytest.raises(LossNotAppliedError):
        lose(busy_world, 20 * ETHER, validators=2)
    announced_at = busy_world.contracts.vault.consensus().announcedAt
    jump_to(busy_world.rpc, announced_at + busy_world.profile.frame_seconds)
    with fails("QuorumNotReached", signatures=3, needed=4):
        report(busy_world, busy_world.members[:3])


def test_exited_validators_come_back_as_buffered_ether(busy_world: ScriptedWorld) -> None:
    report(busy_world)
    busy_world.beacon.exit(2)
    report(busy_world)
    identity = require_identity(busy_world)
    assert identity.consensus_wei == (768 - 64) * ETHER
    assert identity.buffered_wei == (139 + 64) * ETHER


def test_new_deposits_are_staked_after_a_report_too(
    busy_world: ScriptedWorld, tmp_path: Path
) -> None:
    report(busy_world)
    file = write_key_file(busy_world, tmp_path, first=90, count=2, number=9)
    predeposit_keys(busy_world, 0, busy_world.actors["operator_manager_1"], file)
    staked = stake(busy_world)
    assert staked.validators == 1  # the target share leaves room for one more
    identity = require_identity(busy_world)
    assert identity.pending_wei == 32 * ETHER
