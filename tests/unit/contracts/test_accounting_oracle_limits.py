"""AccountingOracle: growth has no limit, losses have theirs (REP-4, LIM-3), as in the model."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.clock import jump_to, now, reverting, set_next_timestamp
from keel.chain.state import balance_wei
from keel.model.constants import DAY, ETHER, GWEI, LARGEST_REPORT_WEI
from keel.model.limits import available
from keel.model.report import Judgement, Report, ReportBase, judge
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.reporting import (
    LOSS_LIMIT_WEI,
    STAKED_VALIDATORS,
    TOTAL_WEI,
    Reporting,
)
from tests.unit.contracts.vaults import accounts_of

LOSS_PERIOD_SECONDS = 36 * DAY
HELD_WEI = 3 * ETHER
"""What each of the two vaults holds."""


@pytest.fixture
def reporting(keel_mainnet: Keel) -> Reporting:
    reporting = Reporting.with_stake(keel_mainnet)
    reporting.give(reporting.keel.quick.withdrawal_vault, HELD_WEI)
    reporting.give(reporting.keel.quick.rewards_vault, HELD_WEI)
    return reporting


def judged(reporting: Reporting, report: Report) -> Judgement:
    """The oracle's judgement in the model's words."""
    j = reporting.oracle.judge(reporting.ballot(report).report_values)
    ref_time = reporting.keel.configuration.geometry.time_of(report.ref_slot)
    consensus = reporting.keel.quick.vault.consensus()
    base = reporting.keel.quick.vault.reportBase(ref_time)
    return Judgement(
        ref_time=j.input.refTime,
        covered_seconds=ref_time - consensus.lastRefTime,
        consensus_wei=j.input.consensusBalanceWei,
        pending_wei=consensus.balanceWei + consensus.pendingWei - base.expectedWei,
        settled_wei=base.expectedWei - consensus.balanceWei,
        growth_wei=j.growthWei,
        loss_wei=j.lossWei,
        drawn_wei=j.drawnWei,
        beyond_limit=j.beyondLimit,
        limit_wei=j.limitWei,
        withdrawals_wei=j.input.withdrawalsWei,
        rewards_wei=j.input.rewardsWei,
        operators_bps=j.input.operatorsBps,
    )


def expected(reporting: Reporting, report: Report) -> Judgement:
    """The model's judgement of the same report."""
    ref_time = reporting.keel.configuration.geometry.time_of(report.ref_slot)
    vault, rpc = reporting.keel.quick.vault, reporting.keel.rpc
    on_chain = vault.reportBase(ref_time)
    balance, pending, last_ref_time, _ = vault.consensus()
    base = ReportBase(
        now=now(rpc),
        ref_time=ref_time,
        last_ref_time=last_ref_time,
        ether_moved_at=0,
        expected_wei=on_chain.expectedWei,
        staked_later_wei=balance + pending - on_chain.expectedWei,
        staked_validators=on_chain.stakedValidators,
        unvested_wei=on_chain.unvestedWei,
        withdrawal_vault_wei=balance_wei(rpc, reporting.keel.quick.withdrawal_vault.address),
        rewards_vault_wei=balance_wei(rpc, reporting.keel.quick.rewards_vault.address),
        loss_allowance_wei=vault.lossAllowanceWei(),
    )
    return judge(base, accounts_of(reporting.keel), report)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    frame=st.integers(2, 10),
    earned_gwei=st.integers(0, 9 * GWEI),
    change_gwei=st.one_of(
        st.integers(-STAKED_VALIDATORS * 32 * GWEI, 100 * GWEI), st.integers(-(10**6), 10**6)
    ),
    withdrawals_wei=st.integers(0, HELD_WEI),
    rewards_wei=st.integers(0, HELD_WEI),
)
def test_every_report_is_judged_as_the_model_does(
    *,
    reporting: Reporting,
    frame: int,
    earned_gwei: int,
    change_gwei: int,
    withdrawals_wei: int,
    rewards_wei: int,
) -> None:
    with reverting(reporting.keel.rpc):
        reporting.await_final(1)
        reporting.submit(reporting.changed_report(1, earned_gwei * GWEI))
        reporting.await_final(frame)
        report = replace(
            reporting.changed_report(frame, change_gwei * GWEI),
            withdrawal_vault_balance_wei=withdrawals_wei,
            rewards_vault_balance_wei=rewards_wei,
        )
        assert judged(reporting, report) == expected(reporting, report)


def test_all_that_the_vaults_held_enters_and_no_growth_is_too_much(reporting: Reporting) -> None:
    """REP-4: nothing waits, whatever the size and the time covered."""
    quick, rpc = reporting.keel.quick, reporting.keel.rpc
    reporting.await_final(1)
    growth_wei = 50_000 * ETHER
    report = replace(
        reporting.changed_report(1, growth_wei),
        withdrawal_vault_balance_wei=HELD_WEI,
        rewards_vault_balance_wei=HELD_WEI,
    )
    found = judged(reporting, report)
    assert (found.withdrawals_wei, found.rewards_wei) == (HELD_WEI, HELD_WEI)
    assert (found.growth_wei, found.beyond_limit) == (growth_wei + 2 * HELD_WEI, False)
    assert reporting.was_applied(reporting.submit(report))
    held = [balance_wei(rpc, v.address) for v in (quick.withdrawal_vault, quick.rewards_vault)]
    assert held == [0, 0]
    assert quick.vault.totals().assetsWei == TOTAL_WEI + growth_wei + 2 * HELD_WEI


def test_a_report_of_more_ether_than_there_is_is_refused(reporting: Reporting) -> None:
    """REP-4: the sum of all three amounts counts."""
    reporting.await_final(1)
    most_gwei = LARGEST_REPORT_WEI // GWEI
    at_bound = replace(
        reporting.quiet_report(1),
        consensus_balance_gwei=most_gwei,
        rewards_vault_balance_wei=LARGEST_REPORT_WEI - most_gwei * GWEI,
    )
    beyond = replace(at_bound, withdrawal_vault_balance_wei=1)
    amounts = {"reportedWei": LARGEST_REPORT_WEI + 1, "mostWei": LARGEST_REPORT_WEI}
    with fails("ReportAboveSupply", **amounts):
        reporting.submit(beyond)
    assert reporting.was_applied(reporting.submit(at_bound))


def test_a_loss_at_the_limit_applies_and_a_wei_more_is_announced(reporting: Reporting) -> None:
    reporting.await_final(1)
    at_limit = reporting.changed_report(1, -LOSS_LIMIT_WEI)
    beyond = replace(
        reporting.changed_report(1, -LOSS_LIMIT_WEI - GWEI), rewards_vault_balance_wei=GWEI - 1
    )
    receipt = reporting.submit(beyond)
    assert not reporting.was_applied(receipt)
    (announced,) = reporting.oracle.events(receipt, "LossAnnounced")
    assert announced.inputs["lossWei"] == LOSS_LIMIT_WEI + 1
    assert announced.inputs["limitWei"] == LOSS_LIMIT_WEI
    assert reporting.was_applied(reporting.submit(at_limit))
    assert reporting.keel.quick.vault.lossAllowanceWei() == 0


def test_a_spent_limit_refills_with_time(reporting: Reporting) -> None:
    rpc = reporting.keel.rpc
    total_wei = TOTAL_WEI - LOSS_LIMIT_WEI
    reporting.await_final(1)
    reporting.submit(reporting.changed_report(1, -LOSS_LIMIT_WEI))
    spent_at = now(rpc)
    for days, refilled_wei in ((0, 0), (9, total_wei // 1_600), (36, total_wei // 400)):
        jump_to(rpc, spent_at + days * DAY)
        assert reporting.keel.quick.vault.lossAllowanceWei() == refilled_wei
    jump_to(rpc, spent_at + 50 * DAY)
    assert reporting.keel.quick.vault.lossAllowanceWei() == total_wei // 400


def test_losses_draw_on_one_limit(reporting: Reporting) -> None:
    part_wei = ETHER
    reporting.await_final(1)
    reporting.next_transaction_at(first_at := reporting.final_at(1) + 10)
    reporting.submit(reporting.changed_report(1, -part_wei))
    reporting.await_final(2)
    capacity_wei = (TOTAL_WEI - part_wei) // 400
    full_at = first_at * 2**16 + -(-part_wei * LOSS_PERIOD_SECONDS * 2**16 // LOSS_LIMIT_WEI)
    second_at = reporting.final_at(2) + 10
    left_wei = available(full_at, second_at, capacity_wei, LOSS_PERIOD_SECONDS)
    whole_gwei = left_wei // GWEI * GWEI
    report = reporting.changed_report(2, -whole_gwei - GWEI)
    beyond = replace(report, rewards_vault_balance_wei=whole_gwei + GWEI - left_wei - 1)
    at_limit = replace(report, rewards_vault_balance_wei=whole_gwei + GWEI - left_wei)
    jump_to(reporting.keel.rpc, second_at)
    assert reporting.keel.quick.vault.lossAllowanceWei() == left_wei
    assert judged(reporting, beyond).beyond_limit
    assert judged(reporting, beyond).loss_wei == left_wei + 1
    reporting.next_transaction_at(second_at)
    assert reporting.was_applied(reporting.submit(at_limit))


def test_unvested_growth_does_not_widen_the_limit_and_bears_losses_without_it(
    reporting: Reporting,
) -> None:
    """LIM-3: a report can claim any growth, so U counts neither for nor against the bucket."""
    vault = reporting.keel.quick.vault
    reporting.await_final(1)
    reporting.submit(reporting.changed_report(1, 500 * ETHER))
    visible_wei = vault.totalSupply()
    assert visible_wei < TOTAL_WEI + ETHER
    assert vault.lossAllowanceWei() == visible_wei // 400
    reporting.await_final(2)
    judged_at, unvested_wei = now(reporting.keel.rpc), vault.totals().unvestedWei
    whole_gwei = unvested_wei // GWEI * GWEI
    at_stream = reporting.changed_report(2, GWEI - whole_gwei)
    assert judged(reporting, at_stream).limit_wei == 0
    limit_wei = vault.lossAllowanceWei()
    beyond = reporting.changed_report(2, -whole_gwei - limit_wei - GWEI)
    assert judged(reporting, beyond).beyond_limit
    assert judged(reporting, beyond).limit_wei == limit_wei
    set_next_timestamp(reporting.keel.rpc, judged_at)  # a second later the stream bears less
    assert reporting.was_applied(reporting.submit(at_stream))
    visible_wei, owed_wei = vault.totalSupply(), reporting.keel.quick.queue.owedWei()
    assert vault.lossAllowanceWei() == (visible_wei + owed_wei) // 400
