"""What operators, oracle and underwriters meet (STA-4 STA-5 STA-6 REP-7 REP-8 FND-1 OPR-4)."""

from dataclasses import replace

import pytest

from keel.model.bounded import protocol as keel
from keel.model.bounded.parameters import Parameters
from keel.model.bounded.protocol import FUND, REGISTRY, TREASURY, ZERO_ADDRESS, Protocol
from keel.model.bounded.report import Report
from keel.model.constants import ETHER
from keel.model.errors import (
    AnnouncementOpen,
    AnnouncementTooYoung,
    ERC20InvalidReceiver,
    ERC4626ExceededMaxRedeem,
    ERC4626ExceededMaxWithdraw,
    InsufficientLiquidity,
    NothingToDo,
    NothingToStake,
    PauseTooLong,
    QuorumNotReached,
    RefTimeTooEarly,
    StateNotDead,
    SweepTooEarly,
)
from keel.model.frames import Action, State
from tests.unit.model.bounded.worlds import (
    FRAME,
    FRAME_SLOTS,
    GEOMETRY,
    LAUNCH_SLOT,
    LAUNCH_TIME,
    PARAMETERS,
    odd_world,
)

NOW = LAUNCH_TIME + 100
SLOT = LAUNCH_SLOT + FRAME_SLOTS
REPORTED = GEOMETRY.time_of(SLOT) + 900
DEAD = LAUNCH_TIME + 14 * FRAME


def staked_world(validators: int = 10) -> Protocol:
    world = keel.launch(PARAMETERS, LAUNCH_TIME)
    world, _ = keel.deposit(world, LAUNCH_TIME, "depositor", 400 * ETHER)
    return keel.stake(world, NOW, validators)


def report(change_wei: int, frames: int = 1) -> Report:
    balance = 320 * ETHER + change_wei
    return Report(LAUNCH_SLOT + frames * FRAME_SLOTS, balance // 10**9, active_validators=10)


LOSS = report(-10 * ETHER)


def test_staking_leaves_the_queue_its_ether() -> None:
    world = odd_world()
    world, _ = keel.request(world, NOW, "depositor", "depositor", 300 * ETHER)
    free = world.free_wei
    assert keel.stakeable_wei(world, NOW) == 12 * 32 * ETHER <= free < 13 * 32 * ETHER
    assert keel.stake(world, NOW, 12).accounts.pending_wei == 384 * ETHER
    with pytest.raises(InsufficientLiquidity) as refusal:
        keel.stake(world, NOW, 13)
    assert list(refusal.value.arguments.values()) == [416 * ETHER, free]
    with pytest.raises(NothingToStake):
        keel.stake(world, NOW, 0)


def test_staked_in_the_second_of_the_slot_counts_and_later_stays_pending() -> None:
    at_slot = keel.stake(staked_world(9), GEOMETRY.time_of(SLOT), 1)
    world = keel.stake(at_slot, GEOMETRY.time_of(SLOT) + 1, 1)
    base = keel.report_base(world, REPORTED, SLOT)
    assert (base.expected_wei, base.staked_validators) == (320 * ETHER, 10)
    world, _ = keel.submit_report(world, REPORTED, report(0), 3)
    accounts = world.accounts
    assert (accounts.consensus_wei, accounts.pending_wei) == (320 * ETHER, 32 * ETHER)


def test_pauses_are_bounded() -> None:
    longest = PARAMETERS.max_pause_seconds
    world = keel.pause(staked_world(), NOW, Action.STAKING, longest)
    assert keel.stakeable_wei(world, NOW) == 0
    with pytest.raises(PauseTooLong):
        keel.pause(world, NOW, Action.STAKING, longest + 1)


def test_a_quorum_is_needed() -> None:
    with pytest.raises(QuorumNotReached) as refusal:
        keel.submit_report(staked_world(), REPORTED, report(0), 2)
    assert list(refusal.value.arguments.values()) == [2, 3]


def test_a_profit_pays_its_fee_in_shares_and_streams_the_rest() -> None:
    before = staked_world()
    world, done = keel.submit_report(before, REPORTED, report(10**17), 3)
    assert done.outcome is not None
    assert done.outcome.fee_wei == 10**16
    shares = 10**25
    insurance = shares * 1_667 // 10_000 // 10**9 * 10**9
    assert world.shares_of[REGISTRY] == world.operator_rewards.minted_shares == shares // 2
    assert world.units_of[FUND] == insurance // 10**9
    assert world.shares_of[TREASURY] == shares - shares // 2 - insurance
    assert world.accounts.unvested_wei(REPORTED) == 9 * 10**16
    world, paid = keel.claim_operator_reward(world, 1, "operator", shares // 4)
    assert paid == world.shares_of["operator"] == shares // 4


def test_a_loss_within_the_limit_applies_at_once_and_uses_it_up() -> None:
    world = staked_world()
    left = keel.loss_allowance_wei(world, REPORTED) // 10**9 * 10**9
    assert left == 401 * ETHER // 100
    after, done = keel.submit_report(world, REPORTED, report(-left), 3)
    assert done.outcome is not None
    assert after.accounts.loss_carry_wei == left
    assert keel.loss_allowance_wei(after, REPORTED) == 0


def test_a_loss_beyond_the_limit_waits_a_frame_and_needs_two_thirds() -> None:
    world, done = keel.submit_report(staked_world(), REPORTED, LOSS, 3)
    assert done.outcome is None
    assert world.state(REPORTED) is State.ANNOUNCED
    assert world.accounts == staked_world().accounts
    with pytest.raises(AnnouncementTooYoung) as refusal:
        keel.submit_report(world, REPORTED + FRAME - 1, LOSS, 5)
    assert refusal.value.arguments["applicableAt"] == REPORTED + FRAME
    with pytest.raises(QuorumNotReached) as too_few:
        keel.submit_report(world, REPORTED + FRAME, report(-10 * ETHER, 2), 3)
    assert list(too_few.value.arguments.values()) == [3, 4]
    after, done = keel.submit_report(world, REPORTED + FRAME, report(-10 * ETHER, 2), 4)
    assert done.outcome is not None
    assert after.announced_at == 0
    assert after.accounts.visible_wei(REPORTED + FRAME) == 391 * ETHER
    assert keel.loss_allowance_wei(after, REPORTED + FRAME) == 0


def test_a_report_within_limits_ends_an_announcement() -> None:
    world, _ = keel.submit_report(staked_world(), REPORTED, LOSS, 3)
    after, done = keel.submit_report(world, REPORTED + 1, report(0), 3)
    assert done.outcome is not None
    assert after.announced_at == 0


def test_the_fund_covers_before_holders_lose() -> None:
    world, units = keel.deposit_wrapped(staked_world(), NOW, "underwriter", 20 * ETHER)
    world, _ = keel.underwrite(world, "underwriter", "underwriter", units)
    world, _ = keel.submit_report(world, REPORTED, LOSS, 3)
    after, done = keel.submit_report(world, REPORTED + FRAME, report(-10 * ETHER, 2), 4)
    assert done.outcome is not None
    assert done.outcome.loss is not None
    assert done.outcome.loss.cover_wei == 10 * ETHER
    assert after.units_of[FUND] == 10 * ETHER
    assert after.balance_wei("depositor", REPORTED + FRAME) == 400 * ETHER
    assert after.accounts.loss_carry_wei == 0


def test_only_a_dead_oracle_is_replaced_by_anyone_and_never_over_an_announcement() -> None:
    world = keel.receive_income(staked_world(), withdrawals_wei=5 * ETHER)
    world, _ = keel.request(world, NOW, "depositor", "depositor", ETHER)
    for act in (keel.sweep, keel.finalise_without_report):
        with pytest.raises(StateNotDead):
            act(world, DEAD - 13)
        with pytest.raises(NothingToDo):
            act(staked_world(), DEAD)
    announced = replace(world, announced_at=NOW)
    with pytest.raises(AnnouncementOpen):
        keel.finalise_without_report(announced, DEAD)
    assert keel.finalise_without_report(world, DEAD)[1] == ETHER


def test_a_sweep_moves_at_most_c_and_the_next_slot_must_be_later() -> None:
    world, _ = keel.submit_report(staked_world(), REPORTED, report(0), 3)
    dead = REPORTED + 14 * FRAME
    swept, moved = keel.sweep(keel.receive_income(world, withdrawals_wei=5 * ETHER), dead)
    assert moved == 5 * ETHER
    assert swept.buffered_wei - world.buffered_wei == 5 * ETHER
    assert swept.accounts.backing_wei == world.accounts.backing_wei
    assert keel.sweep(keel.receive_income(world, withdrawals_wei=500 * ETHER), dead)[1] == (
        320 * ETHER
    )
    richer = keel.receive_income(swept, withdrawals_wei=ETHER)
    with pytest.raises(SweepTooEarly):
        keel.sweep(richer, dead + 2 * FRAME - 1)
    assert keel.sweep(richer, dead + 2 * FRAME)[1] == ETHER
    with pytest.raises(RefTimeTooEarly):
        keel.submit_report(swept, dead, report(-5 * ETHER, 15), 3)
    later = dead + FRAME
    assert keel.submit_report(swept, later, report(-5 * ETHER, 16), 3)[1].outcome is not None


def test_underwriters_leave_in_their_window_and_the_normal_state_only() -> None:
    world, units = keel.deposit_wrapped(staked_world(), NOW, "underwriter", ETHER)
    world, shares = keel.underwrite(world, "underwriter", "underwriter", units)
    assert shares == units * 10**6
    world = keel.start_cooldown(world, NOW, "underwriter", shares)
    opens = NOW + PARAMETERS.cooldown_seconds
    normal = replace(world, accounts=replace(world.accounts, ref_time=opens - 60))
    left, paid = keel.leave(normal, opens, "underwriter", "underwriter", shares)
    assert (paid, left.fund.supply) == (units, 0)
    assert keel.leave_with(normal, opens, "underwriter", "underwriter", units)[1] == shares
    for now, where in ((opens - 1, normal), (opens, world)):
        with pytest.raises(ERC4626ExceededMaxRedeem):
            keel.leave(where, now, "underwriter", "underwriter", 1)
        with pytest.raises(ERC4626ExceededMaxWithdraw):
            keel.leave_with(where, now, "underwriter", "underwriter", 1)


def test_nobody_leaves_to_nobody_even_with_nothing() -> None:
    with pytest.raises(ERC20InvalidReceiver):
        keel.leave(staked_world(), NOW, "underwriter", ZERO_ADDRESS, 0)
    assert keel.leave(staked_world(), NOW, "underwriter", "holder", 0)[1] == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"quorum": 2},
        {"quorum": 6},
        {"fee_bps": 2_001},
        {"treasury_bps": 8_334},
        {"instant_min_fee_bps": 501},
        {"instant_target_wei": -1},
        {"min_ticket_wei": 0},
        {"max_stream_seconds": 0},
    ],
)
def test_parameters_without_meaning_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong)).split("_")[0]):
        replace(PARAMETERS, **wrong)  # type: ignore[arg-type]


def test_two_thirds_are_rounded_up() -> None:
    def needed(members: int, quorum: int) -> int:
        terms: Parameters = replace(PARAMETERS, members=members, quorum=quorum)
        return terms.supermajority

    assert [needed(5, 3), needed(6, 4), needed(7, 4), needed(7, 6)] == [4, 4, 5, 6]
