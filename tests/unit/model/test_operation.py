"""What operators, oracle and underwriters meet (STA-4 STA-5 STA-6 REP-7 REP-8 FND-1 OPR-4)."""

from dataclasses import replace

import pytest

from keel.model import protocol as keel
from keel.model.constants import ETHER
from keel.model.errors import (
    ERC20InvalidReceiver,
    ERC4626ExceededMaxRedeem,
    ERC4626ExceededMaxWithdraw,
    InsufficientLiquidity,
    LimitExceeded,
    NothingToDo,
    NothingToStake,
    PauseTooLong,
    QuorumNotReached,
    RefTimeTooEarly,
    StateNotDead,
    SweepTooEarly,
)
from keel.model.frames import Action
from keel.model.parameters import Parameters
from keel.model.protocol import FUND, REGISTRY, TREASURY, ZERO_ADDRESS
from tests.unit.model.worlds import (
    FRAME,
    FRAME_SLOTS,
    GEOMETRY,
    LAUNCH_SLOT,
    LAUNCH_TIME,
    NOW,
    PARAMETERS,
    REPORTED,
    SLOT,
    odd_world,
    report,
    staked_world,
)

DEAD = LAUNCH_TIME + 14 * FRAME


def test_staking_leaves_the_queue_its_ether() -> None:
    world = odd_world()
    world, _ = keel.request(world, NOW, "depositor", "depositor", 300 * ETHER)
    free = world.free_wei
    assert keel.stakeable_validators(world, NOW) == 12
    assert 12 * 31 * ETHER <= free < 13 * 31 * ETHER
    assert keel.stake(world, NOW, 12).accounts.pending_wei == 384 * ETHER
    with pytest.raises(InsufficientLiquidity) as refusal:
        keel.stake(world, NOW, 13)
    assert list(refusal.value.arguments.values()) == [403 * ETHER, free]
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
    assert keel.stakeable_validators(world, NOW) == 0
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


def test_only_a_dead_oracle_is_replaced_by_anyone_whatever_is_announced() -> None:
    """STA-3."""
    world = keel.receive_income(staked_world(), withdrawals_wei=5 * ETHER)
    world, _ = keel.request(world, NOW, "depositor", "depositor", ETHER)
    for act in (keel.sweep, keel.finalise_without_report):
        with pytest.raises(StateNotDead):
            act(world, DEAD - 13)
    with pytest.raises(NothingToDo):
        keel.finalise_without_report(staked_world(), DEAD)
    announced = replace(world, announced_at=DEAD - 1, announced_wei=ETHER)
    assert keel.finalise_without_report(announced, DEAD)[1] == ETHER


def test_staking_is_bounded_in_a_frame() -> None:
    """LIM-3."""
    world = keel.launch(PARAMETERS, LAUNCH_TIME)
    world, _ = keel.deposit(world, LAUNCH_TIME, "depositor", 2_000 * ETHER)
    assert keel.stakeable_validators(world, NOW) == 32
    with pytest.raises(LimitExceeded):
        keel.stake(world, NOW, 33)
    staked = keel.stake(world, NOW, 32)
    assert keel.stakeable_validators(staked, NOW + FRAME // 2) == 16
    richer, _ = keel.deposit(world, NOW, "newcomer", 40_000 * ETHER)
    assert keel.stakeable_validators(richer, NOW) == 32
    large = replace(richer, accounts=replace(richer.accounts, record_wei=150_000 * ETHER))
    assert keel.stakeable_validators(large, NOW) == 1_500 // 32


def test_a_sweep_moves_at_most_c_and_p_and_the_next_slot_must_be_later() -> None:
    """STA-5."""
    nine = replace(report(-32 * ETHER), active_validators=9)
    world, _ = keel.submit_report(staked_world(9), REPORTED, nine, 3)
    world = keel.stake(world, REPORTED, 1)
    dead = REPORTED + 14 * FRAME
    swept, moved = keel.sweep(keel.receive_income(world, withdrawals_wei=5 * ETHER), dead)
    assert moved == 5 * ETHER
    assert swept.buffered_wei - world.buffered_wei == 5 * ETHER
    assert swept.accounts.backing_wei == world.accounts.backing_wei
    whole, moved = keel.sweep(keel.receive_income(world, withdrawals_wei=500 * ETHER), dead)
    assert moved == 320 * ETHER
    assert (whole.accounts.consensus_wei, whole.accounts.pending_wei) == (0, 0)
    part, _ = keel.sweep(keel.receive_income(world, withdrawals_wei=300 * ETHER), dead)
    assert (part.accounts.consensus_wei, part.accounts.pending_wei) == (0, 20 * ETHER)
    base = keel.report_base(part, dead + 2 * FRAME, LAUNCH_SLOT + 17 * FRAME_SLOTS)
    assert base.expected_wei == 20 * ETHER
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
        {"fee_bps": 601},
        {"insurance_bps": 10_001},
        {"instant_min_fee_bps": 501},
        {"instant_target_wei": -1},
        {"min_ticket_wei": 0},
        {"stream_cap_ray_per_day": 0},
    ],
)
def test_parameters_without_meaning_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong)).split("_")[0]):
        replace(PARAMETERS, **wrong)  # type: ignore[arg-type]


def test_a_loss_beyond_the_bucket_needs_a_member_more_where_there_is_one() -> None:
    """REP-8."""

    def needed(members: int, quorum: int) -> int:
        terms: Parameters = replace(PARAMETERS, members=members, quorum=quorum)
        return terms.announced_quorum

    assert [needed(5, 3), needed(3, 2), needed(6, 4), needed(5, 5)] == [4, 3, 5, 5]
