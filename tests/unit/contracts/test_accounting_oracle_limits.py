"""AccountingOracle: growth and losses against their limits (REP-4, LIM-3), as keel.model has it."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keel.chain.clock import jump_to, now, reverting
from keel.chain.state import balance_wei
from keel.model.constants import DAY, ETHER, GWEI, RAY
from keel.model.limits import available
from keel.model.report import Judgement, Report, ReportBase, judge
from tests.deployment import Keel
from tests.unit.contracts.reporting import (
    GROWTH_BOUND_WEI,
    LOSS_LIMIT_WEI,
    STAKED_VALIDATORS,
    TOTAL_WEI,
    Reporting,
)

LOSS_PERIOD_SECONDS = 36 * DAY
HELD_WEI = 3 * ETHER
"""What each of the two vaults holds."""


@pytest.fixture
def reporting(keel_mainnet: Keel) -> Reporting:
    reporting = Reporting.with_stake(keel_mainnet)
    reporting.give(reporting.keel.quick.withdrawal_vault, HELD_WEI)
    reporting.give(reporting.keel.quick.rewards_vault, HELD_WEI)
    return reporting


def usual_growth_wei(reporting: Reporting, frames: int) -> int:
    """Growth that nothing of waits."""
    seconds = frames * reporting.keel.profile.frame_seconds
    return reporting.keel.profile.growth_ray_per_day * seconds * TOTAL_WEI // (DAY * RAY)


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
        growth_wei=j.growthWei,
        loss_wei=j.lossWei,
        held_rewards_wei=j.heldRewardsWei,
        held_withdrawals_wei=j.heldWithdrawalsWei,
        feeless_wei=j.feelessWei,
        beyond_limit=j.beyondLimit,
        limit_wei=j.limitWei,
        withdrawals_wei=j.input.withdrawalsWei,
        rewards_wei=j.input.rewardsWei,
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
        total_wei=on_chain.totalWei,
        withdrawal_vault_wei=balance_wei(rpc, reporting.keel.quick.withdrawal_vault.address),
        rewards_vault_wei=balance_wei(rpc, reporting.keel.quick.rewards_vault.address),
        loss_allowance_wei=LOSS_LIMIT_WEI,
    )
    return judge(reporting.keel.configuration.model, base, report)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    frame=st.integers(1, 10),
    change_gwei=st.one_of(
        st.integers(-STAKED_VALIDATORS * 32 * GWEI, 100 * GWEI), st.integers(-(10**6), 10**6)
    ),
    withdrawals_wei=st.integers(0, HELD_WEI),
    rewards_wei=st.integers(0, HELD_WEI),
)
def test_every_report_is_judged_as_the_model_does(
    reporting: Reporting,
    frame: int,
    change_gwei: int,
    withdrawals_wei: int,
    rewards_wei: int,
) -> None:
    with reverting(reporting.keel.rpc):
        reporting.await_final(frame)
        report = replace(
            reporting.changed_report(frame, change_gwei * GWEI),
            withdrawal_vault_balance_wei=withdrawals_wei,
            rewards_vault_balance_wei=rewards_wei,
        )
        assert judged(reporting, report) == expected(reporting, report)


@pytest.mark.parametrize(
    ("beyond_usual_wei", "held_rewards_wei", "held_withdrawals_wei", "feeless_wei"),
    [
        (0, 0, 0, 0),
        (1, 1, 0, 0),
        (ETHER, ETHER, 0, 0),
        (ETHER + 1, ETHER, 1, 0),
        (3 * ETHER, ETHER, 2 * ETHER, 0),
        (3 * ETHER + 1, ETHER, 2 * ETHER, 1),
        (4 * ETHER, ETHER, 2 * ETHER, ETHER),
    ],
)
def test_unusual_growth_waits_in_the_vaults_and_only_the_rest_enters_without_a_fee(
    reporting: Reporting,
    beyond_usual_wei: int,
    held_rewards_wei: int,
    held_withdrawals_wei: int,
    feeless_wei: int,
) -> None:
    reporting.await_final(1)
    rewards_wei, withdrawals_wei = ETHER, 2 * ETHER
    wanted = usual_growth_wei(reporting, 1) + beyond_usual_wei
    of_validators = wanted - rewards_wei - withdrawals_wei
    whole_gwei = of_validators // GWEI * GWEI
    report = replace(
        reporting.changed_report(1, whole_gwei),
        rewards_vault_balance_wei=rewards_wei,
        withdrawal_vault_balance_wei=withdrawals_wei + of_validators - whole_gwei,
    )
    found = judged(reporting, report)
    assert found.growth_wei == wanted
    assert found.held_rewards_wei == held_rewards_wei
    odd_wei = of_validators - whole_gwei if held_withdrawals_wei == 2 * ETHER else 0
    still_held = min(odd_wei, feeless_wei)
    assert found.held_withdrawals_wei == held_withdrawals_wei + still_held
    assert found.feeless_wei == feeless_wei - still_held
    assert found.rewards_wei == rewards_wei - held_rewards_wei
    assert not found.beyond_limit


def test_what_waits_stays_in_its_vault_and_enters_later(reporting: Reporting) -> None:
    quick, rpc = reporting.keel.quick, reporting.keel.rpc
    usual = usual_growth_wei(reporting, 1)
    for frame in (1, 2):
        reporting.await_final(frame)
        before_wei = balance_wei(rpc, quick.rewards_vault.address)
        report = replace(reporting.quiet_report(frame), rewards_vault_balance_wei=before_wei)
        entering_wei = before_wei - judged(reporting, report).held_rewards_wei
        assert reporting.was_applied(reporting.submit(report))
        assert balance_wei(rpc, quick.rewards_vault.address) == before_wei - entering_wei
        assert usual <= entering_wei <= usual + usual // 1_000


@pytest.mark.parametrize(("frames", "counted"), [(1, 1), (2, 2), (7, 7), (8, 7), (10, 7)])
def test_rates_count_the_time_covered_up_to_seven_frames(
    reporting: Reporting, frames: int, counted: int
) -> None:
    reporting.await_final(frames)
    report = replace(reporting.quiet_report(frames), rewards_vault_balance_wei=HELD_WEI)
    entering_wei = HELD_WEI - judged(reporting, report).held_rewards_wei
    assert entering_wei == usual_growth_wei(reporting, counted)


def test_growth_at_the_bound_applies_and_a_gwei_more_is_announced(reporting: Reporting) -> None:
    reporting.await_final(1)
    beyond = reporting.changed_report(1, GROWTH_BOUND_WEI + GWEI)
    assert judged(reporting, beyond).limit_wei == GROWTH_BOUND_WEI
    receipt = reporting.submit(beyond)
    assert not reporting.was_applied(receipt)
    (announced,) = reporting.oracle.events(receipt, "LossAnnounced")
    assert announced.inputs["changeWei"] == GROWTH_BOUND_WEI + GWEI
    assert announced.inputs["limitWei"] == GROWTH_BOUND_WEI
    assert reporting.was_applied(reporting.submit(reporting.changed_report(1, GROWTH_BOUND_WEI)))


def test_a_loss_at_the_limit_applies_and_a_wei_more_is_announced(reporting: Reporting) -> None:
    reporting.await_final(1)
    at_limit = reporting.changed_report(1, -LOSS_LIMIT_WEI)
    beyond = replace(
        reporting.changed_report(1, -LOSS_LIMIT_WEI - GWEI), rewards_vault_balance_wei=GWEI - 1
    )
    receipt = reporting.submit(beyond)
    assert not reporting.was_applied(receipt)
    (announced,) = reporting.oracle.events(receipt, "LossAnnounced")
    assert announced.inputs["changeWei"] == LOSS_LIMIT_WEI + 1
    assert announced.inputs["limitWei"] == LOSS_LIMIT_WEI
    assert reporting.was_applied(reporting.submit(at_limit))
    assert reporting.oracle.lossAllowanceWei() == 0


def test_a_spent_limit_refills_with_time(reporting: Reporting) -> None:
    rpc = reporting.keel.rpc
    total_wei = TOTAL_WEI - LOSS_LIMIT_WEI
    reporting.await_final(1)
    reporting.submit(reporting.changed_report(1, -LOSS_LIMIT_WEI))
    spent_at = now(rpc)
    for days, refilled_wei in ((0, 0), (9, total_wei // 400), (36, total_wei // 100)):
        jump_to(rpc, spent_at + days * DAY)
        assert reporting.oracle.lossAllowanceWei() == refilled_wei
    jump_to(rpc, spent_at + 50 * DAY)
    assert reporting.oracle.lossAllowanceWei() == total_wei // 100


def test_losses_draw_on_one_limit(reporting: Reporting) -> None:
    part_wei = 4 * ETHER
    reporting.await_final(1)
    reporting.next_transaction_at(first_at := reporting.final_at(1) + 10)
    reporting.submit(reporting.changed_report(1, -part_wei))
    reporting.await_final(2)
    capacity_wei = (TOTAL_WEI - part_wei) // 100
    full_at = first_at * 2**16 + -(-part_wei * LOSS_PERIOD_SECONDS * 2**16 // LOSS_LIMIT_WEI)
    second_at = reporting.final_at(2) + 10
    left_wei = available(full_at, second_at, capacity_wei, LOSS_PERIOD_SECONDS)
    whole_gwei = left_wei // GWEI * GWEI
    report = reporting.changed_report(2, -whole_gwei - GWEI)
    beyond = replace(report, rewards_vault_balance_wei=whole_gwei + GWEI - left_wei - 1)
    at_limit = replace(report, rewards_vault_balance_wei=whole_gwei + GWEI - left_wei)
    jump_to(reporting.keel.rpc, second_at)
    assert reporting.oracle.lossAllowanceWei() == left_wei
    assert judged(reporting, beyond).beyond_limit
    assert judged(reporting, beyond).loss_wei == left_wei + 1
    reporting.next_transaction_at(second_at)
    assert reporting.was_applied(reporting.submit(at_limit))


def test_growth_draws_on_no_loss_limit(reporting: Reporting) -> None:
    reporting.await_final(1)
    reporting.submit(reporting.changed_report(1, ETHER // 10))
    total_wei = TOTAL_WEI + ETHER // 10
    assert reporting.oracle.lossAllowanceWei() == total_wei // 100
