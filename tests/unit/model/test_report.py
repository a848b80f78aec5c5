"""REP-1, REP-3, REP-4, REP-5, REP-6, STR-2: what a report means and does, as pure functions."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.model.accounts import Accounts
from keel.model.constants import DAY, GWEI, MOST_OPERATORS_BPS, MOST_SHARES, RAY
from keel.model.errors import (
    ActiveAboveConsensus,
    OperatorsFeeTooHigh,
    RefSlotNotBoundary,
    RefSlotNotFinal,
    RefSlotNotNewer,
    RefSlotNotNewest,
    RefTimeTooEarly,
    Refused,
    ReportAboveSupply,
    ReportedAboveHeld,
    ReservedNotZero,
    SlashedAboveStaked,
    TooManyValidators,
)
from keel.model.queue import Queue
from keel.model.report import (
    Covers,
    Judgement,
    Outcome,
    Report,
    ReportBase,
    apply_judgement,
    check_report,
    fee_of,
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
    unvested_wei=10**18 // 3,
    withdrawal_vault_wei=10**21,
    rewards_vault_wei=10**21,
    loss_allowance_wei=10**20,
)
REPORT = Report(
    SLOT, 9 * 10**12, 7, 5, active_validators=280, exited_validators=1, operators_bps=500
)

balances = st.integers(8 * 10**12, 10 * 10**12)
incomes = st.integers(0, 10**21) | st.integers(0, 10**17)


@given(balances, incomes, incomes)
def test_all_that_arrived_is_pulled_and_all_growth_is_profit(
    gwei: int, withdrawals: int, rewards: int
) -> None:
    """REP-3, REP-4."""
    report = replace(
        REPORT,
        consensus_balance_gwei=gwei,
        withdrawal_vault_balance_wei=withdrawals,
        rewards_vault_balance_wei=rewards,
    )
    found = judge(BASE, accounts(), report)
    change = gwei * GWEI + withdrawals + rewards - BASE.expected_wei
    assert found.growth_wei - found.loss_wei == change
    assert min(found.growth_wei, found.loss_wei) == 0
    assert (found.withdrawals_wei, found.rewards_wei) == (withdrawals, rewards)
    assert found.drawn_wei == max(0, -change - BASE.unvested_wei)
    assert found.beyond_limit == (found.drawn_wei > BASE.loss_allowance_wei)
    assert found.limit_wei == (BASE.loss_allowance_wei if found.drawn_wei else 0)


@pytest.mark.parametrize(("over", "beyond"), [(0, False), (1, True)])
def test_a_loss_is_beyond_the_bucket_from_one_wei_that_the_stream_does_not_bear(
    over: int, beyond: bool
) -> None:
    most = BASE.unvested_wei + BASE.loss_allowance_wei
    base = replace(BASE, expected_wei=9 * 10**21 + 12 + most + over)
    found = judge(base, accounts(), REPORT)
    assert (found.loss_wei, found.beyond_limit) == (most + over, beyond)


def test_an_insolvent_vault_counts_no_growth_of_the_consensus_balance() -> None:
    """ACC-4."""
    richer = replace(REPORT, consensus_balance_gwei=10 * 10**12)
    assert judge(BASE, accounts(), richer).growth_wei == 10**21 + 12
    insolvent = replace(accounts(), insolvent=True)
    found = judge(BASE, insolvent, richer)
    assert (found.growth_wei, found.consensus_wei) == (12, 9 * 10**21)


@pytest.mark.parametrize("over", [0, 1])
def test_more_ether_than_there_is_is_refused(over: int) -> None:
    """REP-4."""
    most = 2**87
    gwei = most // GWEI - 1
    held = most - gwei * GWEI
    base = replace(BASE, withdrawal_vault_wei=held + 1)
    report = Report(SLOT, gwei, held + over, active_validators=281)
    if over:
        with pytest.raises(ReportAboveSupply):
            check_report(PARAMETERS, base, report)
    else:
        check_report(PARAMETERS, base, report)


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
        (BASE, replace(REPORT, operators_bps=1_401), OperatorsFeeTooHigh(1_401, 1_400)),
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
    consensus = 9 * 10**21
    return Accounts(9 * 10**30, TOTAL, stream, consensus, 0, REF - FRAME, carry, consensus)


def outcome_of(carry: int, earned_gwei: int) -> tuple[Judgement, Outcome]:
    report = replace(REPORT, consensus_balance_gwei=9 * 10**12 + earned_gwei)
    judgement = judge(BASE, accounts(carry), report)
    done = apply_judgement(PARAMETERS, accounts(carry), Queue(), Covers(), judgement, now=NOW)
    return judgement, done


@given(st.integers(0, 10**17), st.integers(-(10**21), 10**21) | st.just(0))
def test_a_profit_moves_v_by_its_fee_and_nothing_else(earned: int, carry: int) -> None:
    """STR-2, REP-5."""
    before = accounts(carry)
    judgement, done = outcome_of(carry, earned % (2**86 // GWEI))
    visible, after = before.visible_wei(NOW), done.accounts
    assert after.visible_wei(NOW) - visible == done.fee_wei
    extra = done.fee_wei * before.shares - visible * done.fee_shares.total
    assert 0 <= extra < visible
    base = min(visible, after.record_wei + after.pending_wei)
    assert done.fee_wei <= base * FRAME * 2 // 10_000 // DAY
    stream = after.stream
    assert stream.unvested_wei * DAY * RAY <= (
        stream.seconds * PARAMETERS.stream_cap_ray_per_day * base
    )
    assert (
        judgement.growth_wei - done.fee_wei == after.backing_wei - before.backing_wei - done.fee_wei
    )


@given(st.lists(st.integers(-(10**21), 10**22), max_size=30), st.integers(0, 10**19))
def test_no_more_bears_a_fee_than_is_earned_in_all(changes: list[int], most: int) -> None:
    """REP-5: whatever grows and is lost, fees are a tenth of the highest net profit at most."""
    carry = net = highest = fees = 0
    for change in changes:
        if change < 0:
            carry -= change
        else:
            fee, carry = fee_of(1_000, change, carry, most)
            fees += fee
        net += change
        highest = max(highest, net)
    assert fees <= highest // 10
    charged = carry + net
    assert fees <= charged // 10 <= fees + len(changes)


def test_the_fee_is_its_part_of_profit_to_the_wei() -> None:
    """REP-5."""
    profit = 10**18 + 12
    for carry, fee in ((0, profit // 10), (10**17, (profit - 10**17) // 10), (profit, 0)):
        _, done = outcome_of(carry, 10**9)
        assert done.fee_wei == fee
        assert done.accounts.loss_carry_wei == carry - profit + fee * 10


@given(st.integers(0, 10**18), st.integers(0, 10**8))
def test_a_fee_mints_at_most_what_s_has_room_for(room_wei: int, earned_gwei: int) -> None:
    """REP-5: only the fee is less; the profit counts whole."""
    visible = accounts().visible_wei(NOW)
    shares = MOST_SHARES * visible // (visible + room_wei)
    fitting = (MOST_SHARES - shares) * visible // shares
    full = replace(accounts(), shares=shares)
    report = replace(REPORT, consensus_balance_gwei=9 * 10**12 + earned_gwei)
    judgement = judge(BASE, full, report)
    done = apply_judgement(PARAMETERS, full, Queue(), Covers(), judgement, now=NOW)
    _, unbounded = outcome_of(0, earned_gwei)
    assert done.fee_wei == min(unbounded.fee_wei, fitting)
    assert done.accounts.shares <= MOST_SHARES
    assert done.accounts.backing_wei - full.backing_wei == judgement.growth_wei
    assert done.accounts.loss_carry_wei == done.fee_wei * 10 - judgement.growth_wei


def test_a_report_without_change_keeps_u_and_its_end() -> None:
    """STR-2, STR-3."""
    base = replace(BASE, expected_wei=9 * 10**21 + 12)
    judgement = judge(base, accounts(), REPORT)
    done = apply_judgement(PARAMETERS, accounts(), Queue(), Covers(), judgement, now=NOW)
    left = accounts().unvested_wei(NOW)
    assert done.accounts.stream == Stream(left, NOW + DAY, DAY)


@given(st.integers(0, 10**30), st.integers(0, MOST_OPERATORS_BPS))
def test_a_fee_is_split_without_remainder_and_insurance_gets_whole_units(
    shares: int, operators_bps: int
) -> None:
    """REP-5: operators have their part of profit, the protocol's goes to insurance and treasury."""
    parts = split_fee(PARAMETERS, operators_bps, shares)
    assert parts.total == shares
    assert parts.operators == shares * operators_bps // (500 + operators_bps)
    protocol = shares - parts.operators
    assert parts.insurance % 10**9 == 0
    assert parts.insurance <= protocol * 3_334 // 10_000 < parts.insurance + 10**9
    assert parts.treasury >= protocol * 6_666 // 10_000


@given(st.integers(0, MOST_OPERATORS_BPS), st.integers(0, 100), st.integers(0, 10**8))
def test_cheaper_operators_leave_more_to_stakers_and_the_rate_does_not_move(
    bps: int, cheaper: int, earned_gwei: int
) -> None:
    """COM-2: of the same profit a lower part for operators brings more into the stream."""
    before = accounts()
    dear, cheap = (
        apply_judgement(
            PARAMETERS,
            before,
            Queue(),
            Covers(),
            judge(
                BASE,
                before,
                replace(
                    REPORT,
                    consensus_balance_gwei=9 * 10**12 + earned_gwei,
                    operators_bps=operators_bps,
                ),
            ),
            now=NOW,
        )
        for operators_bps in (bps, max(0, bps - cheaper))
    )
    left = cheap.accounts.stream.unvested_wei - dear.accounts.stream.unvested_wei
    assert left == dear.fee_wei - cheap.fee_wei >= 0
    visible = before.visible_wei(NOW)
    for done in (dear, cheap):
        rate_kept = done.accounts.shares * visible - before.shares * (visible + done.fee_wei)
        assert -visible < rate_kept <= 0


def test_without_any_part_there_is_no_fee() -> None:
    """REP-5: a sum of 0 divides nothing."""
    free = replace(PARAMETERS, fee_bps=0)
    judgement = replace(judge(BASE, accounts(), REPORT), growth_wei=10**18, operators_bps=0)
    done = apply_judgement(free, accounts(), Queue(), Covers(), judgement, now=NOW)
    assert (done.fee_wei, done.fee_shares.total) == (0, 0)
    assert done.accounts.loss_carry_wei == -(10**18)
