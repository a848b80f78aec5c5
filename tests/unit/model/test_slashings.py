"""Doors that proofs of slashings close, and what the fund pays for them (STA-7, LOS-2)."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.model import protocol as keel
from keel.model.constants import ETHER, GWEI
from keel.model.errors import ActionClosed, ERC4626ExceededMaxRedeem, Refused, StateNotNormal
from keel.model.frames import State
from keel.model.protocol import FUND, Protocol
from tests.unit.model.worlds import FRAME, GEOMETRY, NOW, PARAMETERS, REPORTED, report, staked_world

LIMIT_GWEI = 401 * 10**6
"""0.1 % of the 401 ETH of A + Q."""
FIRST_SLOT = GEOMETRY.time_of(GEOMETRY.newest_reference_slot(REPORTED))


def slashed_world(balance_gwei: int = 32 * 10**9) -> Protocol:
    return keel.note_slashing(staked_world(), NOW, balance_gwei, NOW)


def test_more_than_a_thousandth_closes_the_doors_and_nothing_else_does() -> None:
    """STA-7: the limit is of A + Q, so a request does not move it."""
    assert slashed_world(LIMIT_GWEI).state(NOW) is State.NORMAL
    requested, _ = keel.request(staked_world(), NOW, "depositor", "depositor", 200 * ETHER)
    for world in (staked_world(), requested):
        open_still = keel.note_slashing(world, NOW, LIMIT_GWEI, NOW)
        assert open_still.state(NOW) is State.NORMAL
        assert keel.note_slashing(open_still, NOW, 1, NOW).state(NOW) is State.SLASHED


def test_what_is_closed_while_slashed() -> None:
    """STA-3."""
    world, units = keel.deposit_wrapped(staked_world(), NOW, "underwriter", ETHER)
    world, shares = keel.underwrite(world, "underwriter", "underwriter", units)
    world = keel.start_cooldown(world, NOW, "underwriter", shares)
    now = NOW + PARAMETERS.cooldown_seconds
    ref_time = GEOMETRY.time_of(GEOMETRY.newest_reference_slot(now))
    world = replace(world, accounts=replace(world.accounts, ref_time=ref_time))
    closed = keel.note_slashing(world, now, 32 * 10**9, now)
    acts = (
        (lambda each: keel.deposit(each, now, "holder", ETHER), ActionClosed),
        (lambda each: keel.stake(each, now, 1), ActionClosed),
        (lambda each: keel.redeem_instant(each, now, "depositor", 10**27), StateNotNormal),
        (
            lambda each: keel.leave(each, now, "underwriter", "underwriter", shares),
            ERC4626ExceededMaxRedeem,
        ),
    )
    for act, refusal in acts:
        act(world)
        with pytest.raises(refusal):
            act(closed)
    after, ticket = keel.request(closed, now, "depositor", "depositor", ETHER)
    assert (ticket, after.state(now)) == (1, State.SLASHED)
    keel.transfer(closed, now, "depositor", "holder", ETHER)


@pytest.mark.parametrize(
    ("slashed_by", "is_closed"), [(0, False), (FIRST_SLOT, False), (FIRST_SLOT + 1, True)]
)
def test_a_report_opens_the_doors_unless_it_came_before_the_slashing(
    slashed_by: int, is_closed: bool
) -> None:
    """STA-7: one in the second of the reference slot is in the report."""
    world = keel.note_slashing(staked_world(), REPORTED, 32 * 10**9, slashed_by or NOW)
    assert world.state(REPORTED) is State.SLASHED
    after, done = keel.submit_report(world, REPORTED, report(0), 3)
    assert done.outcome is not None
    assert (after.state(REPORTED) is State.SLASHED) == is_closed
    late = keel.note_slashing(after, REPORTED, 32 * 10**9, FIRST_SLOT)
    assert late == after
    if is_closed:
        opened, _ = keel.submit_report(after, REPORTED + FRAME, report(0, 2), 3)
        assert opened.state(REPORTED + FRAME) is State.NORMAL


def test_what_was_slashed_after_the_slot_keeps_the_doors_closed_only_where_it_is_much() -> None:
    """STA-7: one frame's slashings do not count for the other."""
    world = keel.note_slashing(staked_world(), REPORTED, 32 * 10**9, FIRST_SLOT)
    some = keel.note_slashing(world, REPORTED, LIMIT_GWEI, FIRST_SLOT + 1)
    more = keel.note_slashing(some, REPORTED, 1, REPORTED)
    assert keel.submit_report(some, REPORTED, report(0), 3)[0].state(REPORTED) is State.NORMAL
    assert keel.submit_report(more, REPORTED, report(0), 3)[0].state(REPORTED) is State.SLASHED


def test_tickets_that_the_report_pays_count_as_before_it() -> None:
    """STA-7: A + Q of the report's loss, not of what its tickets took with them."""
    world, _ = keel.request(staked_world(), NOW, "depositor", "depositor", 80 * ETHER)
    world = keel.note_slashing(world, REPORTED, LIMIT_GWEI + 1, FIRST_SLOT + 1)
    after, done = keel.submit_report(world, REPORTED, report(10**12), 3)
    assert done.outcome is not None
    assert done.outcome.finalised_wei == 80 * ETHER
    assert after.state(REPORTED) is State.NORMAL  # 401.000001 ETH allow the gwei more


def insured_world(fund_wei: int = 20 * ETHER) -> Protocol:
    world, units = keel.deposit_wrapped(staked_world(), NOW, "underwriter", fund_wei)
    return keel.underwrite(world, "underwriter", "underwriter", units)[0]


@pytest.mark.parametrize(
    ("slashed_by", "paid"),
    [(FIRST_SLOT - FRAME, 1), (FIRST_SLOT - FRAME + 1, 3), (FIRST_SLOT, 3), (FIRST_SLOT + 1, 3)],
)
def test_the_fund_pays_what_is_proven_since_the_last_report(slashed_by: int, paid: int) -> None:
    """LOS-2: 3 ETH are lost and slashed; else 5 % of 20 ETH.

    A slashing that is dated by a block after the reference slot counts too (PRF-8).
    """
    world = keel.note_slashing(insured_world(), REPORTED, 3 * 10**9, slashed_by)
    after, done = keel.submit_report(world, REPORTED, report(-3 * ETHER), 3)
    assert done.outcome is not None
    assert after.units_of[FUND] == (20 - paid) * ETHER


@given(st.integers(0, 20), st.integers(1, 16))
def test_slashings_of_the_last_fourteen_frames_count_for_a_late_report(
    frames_ago: int, frames: int
) -> None:
    """LOS-2: and none that no report can cover any more."""
    at = REPORTED + (frames - 1) * FRAME
    slashed_by = FIRST_SLOT + (frames - 1 - frames_ago) * FRAME
    world = keel.note_slashing(insured_world(), at, 3 * 10**9, slashed_by)
    after, done = keel.submit_report(world, at, report(-3 * ETHER, frames), 3)
    assert done.outcome is not None
    counts = frames_ago < min(frames, 13)  # the present frame is the fourteenth
    assert after.units_of[FUND] == (17 if counts else 19) * ETHER


def test_the_fund_keeps_a_twentieth_whatever_is_proven() -> None:
    """LOS-2."""
    world = keel.note_slashing(insured_world(2 * ETHER), REPORTED, 32 * 10**9, NOW)
    after, done = keel.submit_report(world, REPORTED, report(-3 * ETHER), 3)
    assert done.outcome is not None
    assert done.outcome.loss is not None
    assert done.outcome.loss.cover_wei == 2 * ETHER * 95 // 100
    assert after.units_of[FUND] == ETHER // 10


def test_a_slashing_dated_in_a_later_frame_counts_in_this_one() -> None:
    """STA-7: no broken verifier shuts a frame that is still to come."""
    world = keel.note_slashing(insured_world(), REPORTED, 32 * 10**9, REPORTED + 10 * FRAME)
    assert (
        world.slashings
        == keel.note_slashing(insured_world(), REPORTED, 32 * 10**9, REPORTED).slashings
    )


def test_a_gain_asks_no_cover_and_opens_the_doors_too() -> None:
    world = keel.note_slashing(insured_world(), REPORTED, 32 * 10**9, NOW)
    after, done = keel.submit_report(world, REPORTED, report(10**6 * GWEI), 3)
    assert done.outcome is not None
    assert done.judgement.proven_wei == 0
    assert after.state(REPORTED) is State.NORMAL
    keel.deposit(after, REPORTED, "holder", ETHER)


def test_a_refused_report_leaves_the_doors_closed() -> None:
    world = slashed_world()
    with pytest.raises(Refused):
        keel.submit_report(world, REPORTED, report(0), 2)
    announced, done = keel.submit_report(world, REPORTED, report(-100 * ETHER), 3)
    assert done.outcome is None
    assert announced.slashed
    assert announced.state(REPORTED) is State.ANNOUNCED
