"""SHR, LIM-3, QUE, INS-4 and STA-3 as users meet them: each yes beside its no."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.model import protocol as keel
from keel.model.constants import ETHER, RAY
from keel.model.errors import (
    ActionClosed,
    ActionPaused,
    AlreadyClaimed,
    AmountOutOfBounds,
    BelowMinimumOut,
    ERC20InsufficientBalance,
    ERC20InvalidReceiver,
    Insolvent,
    InsufficientLiquidity,
    LimitExceeded,
    NoSuchTicket,
    NotFinalised,
    NothingToPay,
    RedemptionPaused,
    Refused,
    StateNotNormal,
    ZeroShares,
)
from keel.model.frames import Action, State
from keel.model.protocol import FUND, VAULT, WKETH, ZERO_ADDRESS
from tests.unit.model.worlds import FRAME, LAUNCH_TIME, PARAMETERS, odd_world

NOW = LAUNCH_TIME + 100
WORLD = odd_world()
amounts = st.integers(10**4, 600 * ETHER)


def refused(error: type[Refused], *values: object) -> "pytest.RaisesExc[Refused]":
    def matches(raised: Refused) -> bool:
        return not values or tuple(raised.arguments.values()) == values

    return pytest.RaisesExc(error, check=matches)


def test_deposits_end_exactly_at_the_limit() -> None:
    left = keel.depositable_wei(WORLD, NOW)
    assert keel.depositable_wei(keel.deposit(WORLD, NOW, "depositor", left)[0], NOW) == 0
    with refused(LimitExceeded, left + 1, left):
        keel.deposit(WORLD, NOW, "depositor", left + 1)


def test_a_deposit_worth_nothing_is_refused() -> None:
    with refused(ZeroShares, 0):
        keel.deposit(WORLD, NOW, "depositor", 0)
    with refused(ZeroShares, 1):
        keel.deposit_wrapped(WORLD, NOW, "depositor", 1)
    assert keel.deposit_wrapped(WORLD, NOW, "depositor", 2)[1] == 1


@given(amounts)
def test_a_wrapped_deposit_mints_whole_units_only(wei: int) -> None:
    world, units = keel.deposit_wrapped(WORLD, NOW, "holder", wei)
    plain = keel.deposit(WORLD, NOW, "holder", wei)[1]
    assert units == plain // 10**9
    assert world.accounts.shares - WORLD.accounts.shares == units * 10**9
    assert world.units_of["holder"] == units == world.wketh_supply


@pytest.mark.parametrize("receiver", [VAULT, WKETH, ZERO_ADDRESS])
def test_keth_goes_to_no_trap(receiver: str) -> None:
    with refused(ERC20InvalidReceiver, receiver):
        keel.transfer(WORLD, NOW, "depositor", receiver, 1)
    with refused(ERC20InvalidReceiver, receiver):
        keel.transfer_shares(WORLD, NOW, "depositor", receiver, 1)
    with refused(ERC20InvalidReceiver, receiver):
        keel.deposit(WORLD, NOW, receiver, ETHER)
    assert keel.transfer(WORLD, NOW, "depositor", "holder", 1)[0].shares_of["holder"] > 0


def test_a_balance_can_be_moved_whole_and_no_wei_more() -> None:
    balance = WORLD.balance_wei("depositor", NOW)
    keel.transfer(WORLD, NOW, "depositor", "holder", balance)
    with refused(ERC20InsufficientBalance, "depositor", balance, balance + 1):
        keel.transfer(WORLD, NOW, "depositor", "holder", balance + 1)


@given(amounts)
def test_wrapping_there_and_back_gains_nothing(wei: int) -> None:
    world, units = keel.wrap(WORLD, NOW, "depositor", "depositor", wei)
    moved = world.shares_of[WKETH]
    assert moved == units * 10**9
    assert world.accounts.to_assets_up(moved, NOW) <= wei
    world, back = keel.unwrap(world, NOW, "depositor", "depositor", units)
    assert back <= wei
    assert world.shares_of["depositor"] == WORLD.shares_of["depositor"]


@given(amounts)
def test_exact_forms_round_against_the_caller(amount: int) -> None:
    world, paid = keel.wrap_units(WORLD, NOW, "depositor", "depositor", amount)
    assert world.units_of["depositor"] == amount
    assert keel.wrap(WORLD, NOW, "depositor", "depositor", paid)[1] >= amount
    assets = paid // 2
    after, burned = keel.unwrap_assets(world, NOW, "depositor", "holder", assets)
    assert after.balance_wei("holder", NOW) >= assets
    assert world.accounts.to_assets_down((burned - 1) * 10**9, NOW) < assets


def test_wketh_moves_by_units() -> None:
    world, _ = keel.deposit_wrapped(WORLD, NOW, "holder", ETHER)
    units = world.units_of["holder"]
    with refused(ERC20InsufficientBalance, "holder", units, units + 1):
        keel.transfer_wrapped(world, "holder", "depositor", units + 1)
    with refused(ERC20InvalidReceiver, ZERO_ADDRESS):
        keel.transfer_wrapped(world, "holder", ZERO_ADDRESS, units)
    assert keel.transfer_wrapped(world, "holder", "depositor", units).units_of["holder"] == 0


@given(amounts)
def test_a_request_burns_shares_for_what_q_grows_by(wei: int) -> None:
    world, ticket_id = keel.request(WORLD, NOW, "depositor", "holder", wei)
    growth = world.queue.owed_wei
    assert growth in (wei, wei + 1)
    burned = WORLD.accounts.shares - world.accounts.shares
    assert burned == WORLD.accounts.to_shares_up(growth, NOW)
    assert world.accounts.backing_wei == WORLD.accounts.backing_wei - growth
    assert world.ticket_owners[ticket_id] == "holder"


def test_ticket_bounds_hold() -> None:
    for wei in (PARAMETERS.min_ticket_wei - 1, PARAMETERS.max_ticket_wei + 1):
        with refused(AmountOutOfBounds, wei, 1_000, 1_000 * ETHER):
            keel.request(WORLD, NOW, "depositor", "depositor", wei)
    keel.request(WORLD, NOW, "depositor", "depositor", PARAMETERS.min_ticket_wei)


def test_a_ticket_is_claimed_once_and_only_when_finalised() -> None:
    world, ticket_id = keel.request(WORLD, NOW, "depositor", "holder", ETHER)
    with refused(NotFinalised, ticket_id, 0):
        keel.claim(world, ticket_id)
    dead = LAUNCH_TIME + 14 * FRAME
    world, moved = keel.finalise_without_report(world, dead)
    world, paid = keel.claim(world, ticket_id)
    assert paid == ETHER - 1 <= moved  # the index is no round number
    with refused(AlreadyClaimed, ticket_id):
        keel.claim(world, ticket_id)
    with refused(NoSuchTicket, ticket_id + 1):
        keel.claim(world, ticket_id + 1)


@given(st.integers(1, 300 * ETHER * 10**9))
def test_instant_redemption_gives_every_share_a_place(shares: int) -> None:
    try:
        world, done = keel.redeem_instant(WORLD, NOW, "depositor", shares)
    except NothingToPay:
        assert WORLD.accounts.to_assets_down(shares, NOW) <= 1
        return
    assert done.shares_burned + done.shares_to_fund == shares
    assert WORLD.accounts.shares - world.accounts.shares == done.shares_burned
    assert WORLD.shares_of["depositor"] - world.shares_of["depositor"] == shares
    assert world.units_of[FUND] * 10**9 == done.shares_to_fund
    for_ether = WORLD.accounts.to_shares_up(done.paid_wei, NOW)
    assert 0 <= done.shares_burned - for_ether < 10**9
    assert WORLD.buffered_wei - world.buffered_wei == done.paid_wei
    assert world.accounts.stream == WORLD.accounts.stream


def test_instant_redemption_never_burns_shares_that_liquidity_cannot_pay() -> None:
    held = WORLD.shares_of["depositor"]
    world = keel.stake(WORLD, NOW, 21)
    most = keel.redeemable_wei(world, NOW)
    assert 0 < most < 64 * ETHER
    with refused(InsufficientLiquidity):
        keel.redeem_instant(world, NOW, "depositor", held)


def test_instant_redemption_respects_its_minimum() -> None:
    shares = 10 * ETHER * 10**9
    paid = keel.redeem_instant(WORLD, NOW, "depositor", shares)[1].paid_wei
    keel.redeem_instant(WORLD, NOW, "depositor", shares, paid)
    with refused(BelowMinimumOut, paid, paid + 1):
        keel.redeem_instant(WORLD, NOW, "depositor", shares, paid + 1)


def test_instant_redemption_ends_at_its_limit() -> None:
    limited = replace(
        WORLD, parameters=replace(PARAMETERS, instant_limit_wei=ETHER), instant_full_at=0
    )
    for shares, error in ((9 * 10**26, None), (2 * 10**27, LimitExceeded)):
        if error is None:
            assert keel.redeem_instant(limited, NOW, "depositor", shares)[1].paid_wei < ETHER
        else:
            with refused(error):
                keel.redeem_instant(limited, NOW, "depositor", shares)


@pytest.mark.parametrize(
    ("age", "announced", "state"),
    [
        (100, 0, State.NORMAL),
        (FRAME, 0, State.AWAITING),
        (100, 1, State.ANNOUNCED),
        (3 * FRAME, 0, State.STALE),
        (14 * FRAME, 0, State.DEAD),
    ],
)
def test_the_states_close_what_the_table_says(age: int, announced: int, state: State) -> None:
    now = WORLD.accounts.ref_time + age
    world = replace(WORLD, announced_at=announced)
    assert world.state(now) is state
    calls: dict[Action, Callable[[], object]] = {
        Action.DEPOSIT: lambda: keel.deposit(world, now, "holder", ETHER),
        Action.STAKING: lambda: keel.stake(world, now, 1),
        Action.INSTANT_REDEMPTION: lambda: keel.redeem_instant(world, now, "depositor", 10**24),
    }
    opened = {
        Action.DEPOSIT: state in (State.NORMAL, State.AWAITING),
        Action.STAKING: state in (State.NORMAL, State.AWAITING),
        Action.INSTANT_REDEMPTION: state is State.NORMAL,
    }
    for action, call in calls.items():
        if opened[action]:
            call()
        elif action is Action.INSTANT_REDEMPTION:
            with refused(StateNotNormal, state):
                call()
        else:
            with refused(ActionClosed, action, state):
                call()
    keel.request(world, now, "depositor", "depositor", ETHER)
    keel.transfer(world, now, "depositor", "holder", ETHER)
    keel.wrap(world, now, "depositor", "depositor", ETHER)


def test_a_pause_ends_by_itself_and_stops_its_action_only() -> None:
    world = keel.pause(WORLD, NOW, Action.DEPOSIT, 60)
    with refused(ActionPaused, Action.DEPOSIT, NOW + 60):
        keel.deposit(world, NOW + 59, "holder", ETHER)
    assert keel.depositable_wei(world, NOW + 59) == 0
    keel.deposit(world, NOW + 60, "holder", ETHER)
    keel.deposit(keel.pause(world, NOW, Action.DEPOSIT, 0), NOW, "holder", ETHER)
    keel.stake(world, NOW, 1)
    world = keel.pause(WORLD, NOW, Action.INSTANT_REDEMPTION, 60)
    with refused(RedemptionPaused, NOW + 60):
        keel.redeem_instant(world, NOW + 59, "depositor", 10**24)
    keel.redeem_instant(world, NOW + 60, "depositor", 10**24)


@pytest.mark.parametrize("per_wei", [10**15, 10**15 + 1])
def test_below_a_millionth_of_par_nobody_leaves_at_that_rate(per_wei: int) -> None:
    backing = 10**12
    accounts = replace(WORLD.accounts, backing_wei=backing, shares=backing * per_wei)
    world = replace(WORLD, accounts=accounts)
    if per_wei == 10**15:
        keel.request(world, NOW, "depositor", "depositor", 10**5)
        return
    values = (backing, backing * per_wei)
    with refused(Insolvent, *values):
        keel.request(world, NOW, "depositor", "depositor", 10**5)
    with refused(Insolvent, *values):
        keel.redeem_instant(world, NOW, "depositor", 10**24)


def test_an_index_below_a_millionth_stops_requests_for_good() -> None:
    low = replace(WORLD, queue=replace(WORLD.queue, index=RAY // 10**6 - 1))
    with refused(Insolvent):
        keel.request(low, NOW, "depositor", "depositor", ETHER)
    least = replace(WORLD, queue=replace(WORLD.queue, index=RAY // 10**6))
    keel.request(least, NOW, "depositor", "depositor", ETHER)
