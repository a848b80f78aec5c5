"""The end without a committee (STA-8): nothing staked, all ether brought in, losses shared."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.model import protocol as keel
from keel.model.bonds import Bond
from keel.model.constants import ETHER, GWEI, LAST_PAYOUT_FRAMES, RAY, WIND_DOWN_FRAMES
from keel.model.errors import (
    KeysLive,
    NothingToDo,
    StateNotDead,
    SweepTooEarly,
    WindDownTooEarly,
)
from keel.model.frames import State
from keel.model.key_stage import Stage
from keel.model.keys import Key, Registry
from keel.model.protocol import BONDS, FUND, Protocol
from keel.model.stream import Stream
from tests.unit.model.worlds import FRAME, LAUNCH_TIME, report, staked_world, up_to

DEAD = LAUNCH_TIME + 14 * FRAME
LATE = LAUNCH_TIME + WIND_DOWN_FRAMES * FRAME
"""Losses are booked by then."""
ALL = 320 * ETHER


def dead_world(withdrawn: int = ALL, rewards: int = 0) -> Protocol:
    """401 ETH, 320 of them staked, of which so much came back."""
    return keel.receive_income(staked_world(), withdrawn, rewards)


def test_all_that_is_there_comes_in_and_nothing_is_staked_any_more() -> None:
    before = dead_world(ALL + ETHER, 2 * ETHER)
    world, outcome = keel.wind_down(before, DEAD)
    accounts = world.accounts
    assert (accounts.consensus_wei, accounts.pending_wei, accounts.record_wei) == (0, 0, 0)
    assert (world.withdrawal_vault_wei, world.rewards_vault_wei) == (0, 0)
    assert world.buffered_wei == before.buffered_wei + ALL + 3 * ETHER == accounts.backing_wei
    assert (outcome.loss_wei, outcome.fee_wei, outcome.fee_shares.total) == (0, 0, 0)
    assert accounts.unvested_wei(DEAD) == 3 * ETHER
    assert 0 < accounts.stream.seconds <= 30 * FRAME
    assert accounts.ref_time == before.accounts.ref_time
    assert world.state(DEAD) is State.DEAD


def test_only_in_the_dead_state_and_when_no_key_is_live() -> None:
    world = dead_world()
    with pytest.raises(StateNotDead):
        keel.wind_down(world, DEAD - 13)
    for stage in (Stage.STAKED, Stage.SLASHED):
        keys = {b"a": Key(0, stage, 0, 1), b"b": Key(0, Stage.WITHDRAWN, 1, 1)}
        with pytest.raises(KeysLive) as refusal:
            keel.wind_down(replace(world, registry=Registry(keys=keys)), DEAD)
        assert list(refusal.value.arguments.values()) == [1]
    ended = {root: Key(0, stage) for root, stage in enumerate_stages()}
    keel.wind_down(replace(world, registry=Registry(keys=ended)), DEAD)


def enumerate_stages() -> list[tuple[bytes, Stage]]:
    """A key of each stage that a wind-down does not wait for."""
    waits = (Stage.STAKED, Stage.SLASHED)
    return [(bytes([stage]), stage) for stage in Stage if stage not in waits]


def test_it_can_be_repeated_when_more_came_two_frames_apart() -> None:
    """As sweeps, so that nobody keeps reports from applying (STA-5)."""
    world, _ = keel.wind_down(dead_world(), DEAD)
    with pytest.raises(NothingToDo):
        keel.wind_down(world, DEAD + 2 * FRAME)
    richer = keel.receive_income(world, 0, 1)
    with pytest.raises(SweepTooEarly):
        keel.wind_down(richer, DEAD + 2 * FRAME - 1)
    again, outcome = keel.wind_down(richer, DEAD + 2 * FRAME)
    assert (again.buffered_wei, outcome.loss_wei) == (world.buffered_wei + 1, 0)
    with pytest.raises(NothingToDo):
        keel.sweep(richer, DEAD + 2 * FRAME)


def test_no_sweep_puts_the_first_one_off() -> None:
    """STA-8: a gwei that somebody sweeps every 2 frames keeps no ether from its holders."""
    swept, moved_wei = keel.sweep(dead_world(GWEI), LATE)
    world, outcome = keel.wind_down(swept, LATE)
    assert (moved_wei, outcome.loss_wei) == (GWEI, ALL - GWEI)
    with pytest.raises(SweepTooEarly):
        keel.wind_down(keel.receive_income(world, 1), LATE + 2 * FRAME - 1)


def test_what_is_missing_may_be_on_its_way_for_ninety_frames() -> None:
    """STA-8: a deposit in the beacon chain's queue; no loss, no wait."""
    ref_time = staked_world().accounts.ref_time
    possible_at = ref_time + WIND_DOWN_FRAMES * FRAME
    short = dead_world(ALL - 1)
    for now in (DEAD, possible_at - 1):
        with pytest.raises(WindDownTooEarly) as refusal:
            keel.wind_down(short, now)
        assert refusal.value.arguments == {"possibleAt": possible_at, "nowTime": now}
    _, outcome = keel.wind_down(short, possible_at)
    assert outcome.loss_wei == 1
    early, outcome = keel.wind_down(keel.receive_income(short, 0, 1), DEAD)
    assert (outcome.loss_wei, early.accounts.pending_wei) == (0, 0)
    later, _ = keel.wind_down(keel.receive_income(early, 32 * ETHER), DEAD + 2 * FRAME)
    assert later.accounts.visible_wei(LATE) == short.accounts.visible_wei(DEAD) + 32 * ETHER


def test_a_loss_waits_ten_frames_for_what_merged_into_a_validator_paid_out_before() -> None:
    """STA-8, KEY-11: the beacon chain sweeps the target once more."""
    key = replace(Key(0, Stage.STAKED), parts=1)
    world = dead_world(ALL - 1)
    registry = replace(world.registry, keys={b"a": key})
    world = replace(world, registry=registry, bonds={0: Bond(10 * ETHER, 10)})
    proven = keel.prove_withdrawn(world, LATE, b"a")
    possible_at = LATE + LAST_PAYOUT_FRAMES * FRAME
    with pytest.raises(WindDownTooEarly) as refusal:
        keel.wind_down(proven, possible_at - 1)
    assert refusal.value.arguments["possibleAt"] == possible_at
    assert keel.wind_down(proven, possible_at)[1].loss_wei == 1
    assert keel.wind_down(keel.receive_income(proven, 1), LATE)[1].loss_wei == 0


def test_what_is_missing_is_a_loss_that_no_bucket_and_no_announcement_holds_up() -> None:
    """STA-8, LOS-1: half of everything, at once; the limits stay as they were."""
    before = dead_world(ALL // 2)
    requested, _ = keel.request(before, LATE, "depositor", "depositor", 100 * ETHER)
    world, outcome = keel.wind_down(requested, LATE)
    assert outcome.loss_wei == ALL // 2
    assert outcome.loss is not None
    assert world.queue.index == RAY * 241 // 401
    assert outcome.finalised_wei == outcome.queue.held_wei == -(-100 * ETHER * 241 // 401)
    assert world.accounts.visible_wei(LATE) == 241 * ETHER - outcome.finalised_wei
    assert world.losses_full_at == before.losses_full_at
    assert world.deposits_open_from == before.deposits_open_from
    assert keel.claim(world, 1)[1] <= outcome.finalised_wei


def test_the_fund_is_asked_for_all_and_forfeited_bonds_before_it() -> None:
    """LOS-2."""
    world, units = keel.deposit_wrapped(staked_world(), LAUNCH_TIME + 101, "x", 20 * ETHER)
    world, _ = keel.underwrite(world, "x", "x", units)
    world = replace(world, forfeit_units=2 * ETHER)
    for missing, forfeit, fund in ((1, 1, 0), (2, 2, 0), (10, 2, 8), (21, 2, 19), (22, 2, 19)):
        came = keel.receive_income(world, ALL - missing * ETHER)
        after, outcome = keel.wind_down(came, LATE)
        assert outcome.loss is not None
        assert after.forfeit_units == (2 - forfeit) * ETHER
        assert after.units_of[BONDS] == (10 - forfeit) * ETHER
        assert after.units_of[FUND] == (20 - fund) * ETHER
        assert outcome.loss.holders_loss_wei == max(0, missing - 21) * ETHER


def test_a_stream_bears_before_the_fund_and_keeps_its_end() -> None:
    """LOS-1, STR-4; what is gained lets all of it vest within 30 frames."""
    world = dead_world(ALL - ETHER)
    stream = Stream(4 * ETHER, LATE + 300 * FRAME, 300 * FRAME)
    accounts = replace(world.accounts, backing_wei=405 * ETHER, stream=stream)
    world = replace(world, accounts=accounts)
    after, outcome = keel.wind_down(world, LATE)
    assert outcome.loss is not None
    assert outcome.loss.unvested_loss_wei == outcome.loss_wei == ETHER
    left = after.accounts.stream
    assert (left.unvested_wei, left.end) == (3 * ETHER, stream.end)
    later = LATE + 2 * FRAME
    more, _ = keel.wind_down(keel.receive_income(after, 0, 1), later)
    assert more.accounts.stream.end <= later + 30 * FRAME
    assert more.accounts.visible_wei(later) == after.accounts.visible_wei(later)


def test_a_committee_that_comes_back_finds_nothing_to_claim() -> None:
    """After a wind-down a report expects nothing, and what it says is there vests never."""
    world, _ = keel.wind_down(dead_world(), DEAD)
    frames = 15
    seen = replace(report(0, frames), active_validators=0)
    now = LAUNCH_TIME - 12 + frames * FRAME + 900
    after, done = keel.submit_report(world, now, seen, 3)
    assert (done.judgement.growth_wei, after.accounts.stream.seconds) == (ALL, 2**47)
    assert after.accounts.record_wei == 0
    assert after.accounts.visible_wei(now + 365 * FRAME) - world.accounts.visible_wei(now) < (
        ETHER // 10
    )


@given(st.data(), up_to(2 * ALL), up_to(10 * ETHER), up_to(350 * ETHER, least=1_000))
def test_every_wei_is_somebodys_and_no_share_gains_by_a_loss(
    data: st.DataObject, withdrawn: int, rewards: int, ticket_wei: int
) -> None:
    """ACC-1, LOS-3: B is what came less what the queue got, to the wei."""
    world = dead_world(withdrawn, rewards)
    unvested = data.draw(up_to(50 * ETHER))
    accounts = replace(
        world.accounts,
        backing_wei=401 * ETHER + unvested,
        stream=Stream(unvested, LATE + 10**6, 2 * 10**6),
    )
    world = replace(world, accounts=accounts, forfeit_units=data.draw(up_to(10 * ETHER)))
    world, _ = keel.request(world, LATE, "depositor", "depositor", ticket_wei)
    before = world.accounts
    after, outcome = keel.wind_down(world, LATE)
    came = withdrawn + rewards
    assert after.buffered_wei == world.buffered_wei + came - outcome.finalised_wei >= 0
    assert sum(after.shares_of.values()) == after.accounts.shares
    assert sum(after.units_of.values()) == after.wketh_supply
    assert after.forfeit_units <= after.units_of[BONDS]
    rises = after.accounts.visible_wei(LATE) * before.shares - before.visible_wei(LATE) * (
        after.accounts.shares
    )
    if outcome.loss is None:
        assert rises == 0
        assert outcome.loss_wei == 0 <= came - ALL
    else:
        assert outcome.loss.sum_wei == outcome.loss_wei == ALL - came
        uncovered = outcome.loss.holders_loss_wei + outcome.loss.tickets_loss_wei
        assert uncovered == 0 or rises <= before.shares * 10**9
    # all tickets are from before: those that B pays are paid
    assert after.queue.finalised == 1 or after.queue.owed_wei > after.buffered_wei
