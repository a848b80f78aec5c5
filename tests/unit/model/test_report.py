"""REP-1, REP-3, REP-4, REP-5, REP-6, STR-2: what a report means and does, as pure functions."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.model.accounts import Accounts
from keel.model.constants import DAY, GWEI, RAY
from keel.model.errors import (
    ActiveAboveConsensus,
    RefSlotNotBoundary,
    RefSlotNotFinal,
    RefSlotNotNewer,
    RefSlotNotNewest,
    RefTimeTooEarly,
    Refused,
    ReportedAboveHeld,
    ReservedNotZero,
    SlashedAboveStaked,
    TooManyValidators,
)
from keel.model.queue import Queue
from keel.model.report import (
    Report,
    ReportBase,
    apply_judgement,
    check_report,
    judge,
    rate_seconds,
    split_fee,
)
from keel.model.stream import Stream
from tests.unit.model.worlds import FRAME, FRAME_SLOTS, GEOMETRY, LAUNCH_SLOT, PARAMETERS

SLOT = LAUNCH_SLOT + FRAME_SLOTS
REF = GEOMETRY.time_of(SLOT)
NOW = REF + 900
TOTAL = 10**22
BASE = ReportBase(
    now=NOW,
    ref_time=REF,
    last_ref_time=REF - FRAME,
    ether_moved_at=0,
    expected_wei=9 * 10**21,
    staked_later_wei=0,
    staked_validators=281,
    total_wei=TOTAL,
    withdrawal_vault_wei=10**21,
    rewards_vault_wei=10**21,
    loss_allowance_wei=10**20,
)
REPORT = Report(SLOT, 9 * 10**12, 7, 5, active_validators=280, exited_validators=1)

balances = st.integers(8 * 10**12, 10 * 10**12)
incomes = st.integers(0, 10**21) | st.integers(0, 10**17)


@given(balances, incomes, incomes)
def test_growth_enters_waits_or_is_feeless_and_nothing_is_lost(
    gwei: int, withdrawals: int, rewards: int
) -> None:
    """REP-3, REP-4."""
    report = replace(
        REPORT,
        consensus_balance_gwei=gwei,
        withdrawal_vault_balance_wei=withdrawals,
        rewards_vault_balance_wei=rewards,
    )
    found = judge(PARAMETERS, BASE, report)
    change = gwei * GWEI + withdrawals + rewards - BASE.expected_wei
    assert found.growth_wei - found.loss_wei == change
    assert min(found.growth_wei, found.loss_wei) == 0
    assert found.withdrawals_wei + found.held_withdrawals_wei == withdrawals
    assert found.rewards_wei + found.held_rewards_wei == rewards
    pulled = gwei * GWEI + found.withdrawals_wei + found.rewards_wei
    assert pulled - BASE.expected_wei == found.profit_wei - found.loss_wei
    rate = TOTAL * 5 // 10_000
    if found.held_rewards_wei or found.held_withdrawals_wei or found.feeless_wei:
        assert found.profit_wei - found.feeless_wei == rate
    if found.held_withdrawals_wei:
        assert found.rewards_wei == 0
    if found.feeless_wei:
        assert found.withdrawals_wei == found.rewards_wei == 0


@pytest.mark.parametrize(("over", "beyond"), [(0, False), (1, True)])
def test_a_loss_is_beyond_the_limit_from_one_wei_above_it(over: int, beyond: bool) -> None:
    base = replace(BASE, expected_wei=9 * 10**21 + 12 + BASE.loss_allowance_wei + over)
    found = judge(PARAMETERS, base, REPORT)
    assert (found.loss_wei, found.beyond_limit) == (10**20 + over, beyond)


@pytest.mark.parametrize(("over", "beyond"), [(0, False), (1, True)])
def test_growth_is_beyond_the_bound_from_one_wei_above_it(over: int, beyond: bool) -> None:
    bound = TOTAL * 500 // 10_000
    base = replace(BASE, expected_wei=9 * 10**21 - bound - over)
    report = replace(REPORT, withdrawal_vault_balance_wei=0, rewards_vault_balance_wei=0)
    found = judge(PARAMETERS, base, report)
    assert (found.profit_wei, found.beyond_limit) == (bound + over, beyond)


def test_rates_count_at_most_seven_frames() -> None:
    """REP-4."""
    assert rate_seconds(PARAMETERS, 6 * FRAME) == 6 * FRAME
    assert rate_seconds(PARAMETERS, 8 * FRAME) == 7 * FRAME


def test_a_sound_report_passes() -> None:
    check_report(PARAMETERS, BASE, REPORT)


@pytest.mark.parametrize(
    ("base", "report", "refusal"),
    [
        (BASE, replace(REPORT, ref_slot=SLOT - 1), RefSlotNotBoundary(SLOT - 1)),
        (replace(BASE, now=NOW - 1), REPORT, RefSlotNotFinal(SLOT, NOW, NOW - 1)),
        (
            replace(BASE, now=NOW + FRAME),
            REPORT,
            RefSlotNotNewest(SLOT, SLOT + PARAMETERS.geometry.frame_slots),
        ),
        (replace(BASE, last_ref_time=REF), REPORT, RefSlotNotNewer(REF, REF)),
        (replace(BASE, ether_moved_at=REF), REPORT, RefTimeTooEarly(REF, REF)),
        (
            replace(BASE, withdrawal_vault_wei=6),
            REPORT,
            ReportedAboveHeld("withdrawal_vault", 7, 6),
        ),
        (replace(BASE, rewards_vault_wei=4), REPORT, ReportedAboveHeld("rewards_vault", 5, 4)),
        (replace(BASE, staked_validators=280), REPORT, TooManyValidators(281, 280)),
        (BASE, replace(REPORT, slashed_validators=282), SlashedAboveStaked(282, 281)),
        (
            BASE,
            replace(REPORT, active_balance_gwei=9 * 10**12 + 1),
            ActiveAboveConsensus(9 * 10**12 + 1, 9 * 10**12),
        ),
        (BASE, replace(REPORT, operators_bps=1), ReservedNotZero("operatorsBps", 1)),
        (BASE, replace(REPORT, charged_shares=2), ReservedNotZero("chargedShares", 2)),
    ],
)
def test_each_unsound_report_is_refused_with_its_figures(
    base: ReportBase, report: Report, refusal: Refused
) -> None:
    with pytest.raises(type(refusal)) as raised:
        check_report(PARAMETERS, base, report)
    assert raised.value.arguments == refusal.arguments


def accounts(carry: int = 0) -> Accounts:
    stream = Stream(10**18, NOW + DAY, 3 * DAY)
    return Accounts(9 * 10**30, TOTAL, stream, 9 * 10**21, 0, REF - FRAME, carry)


@given(st.integers(0, 10**12), st.just(0) | st.integers(0, 10**20))
def test_a_profit_moves_v_by_its_fee_and_the_fee_is_bounded(earned: int, carry: int) -> None:
    before = accounts(carry)
    report = replace(REPORT, consensus_balance_gwei=9 * 10**12 + earned)
    judgement = judge(PARAMETERS, BASE, report)
    done = apply_judgement(PARAMETERS, before, Queue(), 0, judgement, now=NOW)
    visible = before.visible_wei(NOW)
    assert done.accounts.visible_wei(NOW) - visible == done.fee_wei
    assert done.fee_wei <= visible * FRAME * 2 // 10_000 // DAY
    feeable = judgement.profit_wei - judgement.feeless_wei - carry
    assert done.fee_wei <= max(0, feeable) // 10
    assert done.accounts.loss_carry_wei == max(0, carry - judgement.profit_wei)
    assert done.fee_shares.total * visible <= done.fee_wei * before.shares
    assert done.accounts.shares == before.shares + done.fee_shares.total
    assert done.accounts.stream.seconds >= FRAME


def test_the_fee_is_its_part_of_profit_to_the_wei() -> None:
    """REP-5."""
    profit = 10**18 + 12
    report = replace(REPORT, consensus_balance_gwei=9 * 10**12 + 10**9)
    judgement = judge(PARAMETERS, BASE, report)
    assert judgement.profit_wei == profit
    for carry, fee in ((0, profit // 10), (10**17, (profit - 10**17) // 10), (profit, 0)):
        done = apply_judgement(PARAMETERS, accounts(carry), Queue(), 0, judgement, now=NOW)
        assert done.fee_wei == fee


def test_a_report_without_change_keeps_u_and_starts_the_stream_anew() -> None:
    """STR-2."""
    base = replace(BASE, expected_wei=9 * 10**21 + 12)
    done = apply_judgement(
        PARAMETERS, accounts(), Queue(), 0, judge(PARAMETERS, base, REPORT), now=NOW
    )
    left = accounts().unvested_wei(NOW)
    assert done.accounts.stream == Stream(left, NOW + FRAME, FRAME)


@given(st.integers(0, 10**30))
def test_a_fee_is_split_without_remainder_and_insurance_gets_whole_units(shares: int) -> None:
    parts = split_fee(PARAMETERS, shares)
    assert parts.total == shares
    assert parts.insurance % 10**9 == 0
    assert parts.insurance <= shares * 1_667 // 10_000 < parts.insurance + 10**9
    assert parts.operators == shares // 2
    assert parts.treasury >= shares * 3_333 // 10_000


def test_ray_rates_are_exact_for_whole_days() -> None:
    assert PARAMETERS.growth_ray_per_day * TOTAL * FRAME // (DAY * RAY) == TOTAL * 5 // 10_000
