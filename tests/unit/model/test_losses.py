"""What a loss needs and closes (ACC-4 LIM-3 LIM-4 LOS-2 REP-8 STA-3)."""

from dataclasses import replace

import pytest

from keel.model import protocol as keel
from keel.model.constants import ETHER
from keel.model.errors import (
    ActionClosed,
    ActionPaused,
    AnnouncementTooYoung,
    DepositsClosed,
    Insolvent,
    QuorumNotReached,
    Refused,
    UnvestedAboveLimit,
)
from keel.model.frames import Action, State
from keel.model.limits import emptied
from keel.model.protocol import FUND, Protocol
from tests.unit.model.worlds import (
    FRAME,
    LAUNCH_TIME,
    NOW,
    PARAMETERS,
    REPORTED,
    report,
    staked_world,
)

LOSS = report(-10 * ETHER)


def test_a_loss_within_the_limit_applies_at_once_and_uses_it_up() -> None:
    world = staked_world()
    left = keel.loss_allowance_wei(world, REPORTED) // 10**9 * 10**9
    assert left == 401 * ETHER // 100
    after, done = keel.submit_report(world, REPORTED, report(-left), 3)
    assert done.outcome is not None
    assert after.accounts.loss_carry_wei == left
    assert keel.loss_allowance_wei(after, REPORTED) == 0


def announced_world() -> Protocol:
    """A loss of 10 ETH was announced at `REPORTED`."""
    world, done = keel.submit_report(staked_world(), REPORTED, LOSS, 3)
    assert done.outcome is None
    assert (world.announced_at, world.announced_wei) == (REPORTED, 10 * ETHER)
    assert world.accounts == staked_world().accounts
    return world


def test_a_loss_beyond_the_bucket_waits_a_frame_and_needs_one_signature_more() -> None:
    """REP-8."""
    world, applicable = announced_world(), REPORTED + FRAME
    assert world.state(REPORTED) is State.ANNOUNCED
    with pytest.raises(AnnouncementTooYoung) as refusal:
        keel.submit_report(world, applicable - 1, LOSS, 5)
    assert refusal.value.arguments["applicableAt"] == applicable
    with pytest.raises(QuorumNotReached) as too_few:
        keel.submit_report(world, applicable, report(-10 * ETHER, 2), 3)
    assert list(too_few.value.arguments.values()) == [3, 4]
    after, done = keel.submit_report(world, applicable, report(-10 * ETHER, 2), 4)
    assert done.outcome is not None
    assert (after.announced_at, after.announced_wei) == (0, 0)
    assert after.accounts.visible_wei(applicable) == 391 * ETHER
    assert keel.loss_allowance_wei(after, applicable) == 0


def test_more_than_was_announced_and_the_bucket_holds_is_announced_anew() -> None:
    """REP-8."""
    world, applicable = announced_world(), REPORTED + FRAME
    most = 10 * ETHER + keel.loss_allowance_wei(world, applicable) // 10**9 * 10**9
    assert keel.submit_report(world, applicable, report(-most, 2), 4)[1].outcome is not None
    again, done = keel.submit_report(world, applicable, report(-most - 10**10, 2), 5)
    assert done.outcome is None
    assert (again.announced_at, again.announced_wei) == (applicable, most + 10**10)
    with pytest.raises(AnnouncementTooYoung):
        keel.submit_report(again, applicable + FRAME - 1, report(-most, 2), 5)


def test_a_whole_loss_is_announced_so_a_stream_that_vests_meanwhile_does_not_matter() -> None:
    """REP-8, with an empty bucket: what the stream does not bear grows by more than is refilled."""
    grown, _ = keel.submit_report(staked_world(), REPORTED, report(20 * ETHER), 3)
    at, applicable = REPORTED + FRAME, REPORTED + 2 * FRAME
    empty = replace(grown, losses_full_at=emptied(at, PARAMETERS.loss_period_seconds))
    announced, first = keel.submit_report(empty, at, report(-20 * ETHER, 2), 3)
    assert (first.outcome, announced.announced_wei) == (None, 40 * ETHER)
    after, done = keel.submit_report(announced, applicable, report(-20 * ETHER, 3), 4)
    refilled_wei = done.judgement.limit_wei
    assert done.judgement.drawn_wei > first.judgement.drawn_wei + refilled_wei
    assert done.outcome is not None
    assert after.announced_at == 0


def test_an_announcement_ends_after_three_frames_and_can_be_made_anew() -> None:
    """REP-8."""
    world, ends = announced_world(), REPORTED + 3 * FRAME
    last = keel.submit_report(world, ends - 1, report(-10 * ETHER, 3), 4)
    assert last[1].outcome is not None
    again, done = keel.submit_report(world, ends, report(-10 * ETHER, 4), 4)
    assert (done.outcome, again.announced_at) == (None, ends)
    applied = keel.submit_report(again, ends + FRAME, report(-10 * ETHER, 5), 4)
    assert applied[1].outcome is not None


def test_deposits_stay_closed_from_an_announcement_to_seven_frames_after_the_loss() -> None:
    """STA-3."""
    world, applied_at = announced_world(), REPORTED + FRAME
    with pytest.raises(ActionClosed):
        keel.deposit(world, REPORTED + 1, "holder", ETHER)
    world, _ = keel.submit_report(world, applied_at, report(-10 * ETHER, 2), 4)
    for frames in range(3, 9):
        now = applied_at + (frames - 2) * FRAME
        assert keel.depositable_wei(world, now) == 0
        with pytest.raises(DepositsClosed):
            keel.deposit(world, now, "holder", ETHER)
        world, _ = keel.submit_report(world, now, report(-10 * ETHER, frames), 3)
    opens = applied_at + 7 * FRAME
    with pytest.raises(DepositsClosed) as closed:
        keel.deposit(world, opens - 1, "holder", ETHER)
    assert list(closed.value.arguments.values()) == [opens]
    keel.deposit(world, opens, "holder", ETHER)


@pytest.mark.parametrize(("longer", "error"), [(0, DepositsClosed), (1, ActionPaused)])
def test_the_later_of_a_pause_and_the_seven_frames_is_named(
    longer: int, error: type[Refused]
) -> None:
    """STA-3, STA-4: who reads the refusal learns when deposits open."""
    applied_at = REPORTED + FRAME
    world, _ = keel.submit_report(announced_world(), applied_at, report(-10 * ETHER, 2), 4)
    opens = applied_at + 7 * FRAME
    paused = keel.pause(world, applied_at, Action.DEPOSIT, 7 * FRAME + longer)
    with pytest.raises(error) as closed:
        keel.deposit(paused, applied_at, "holder", ETHER)
    assert list(closed.value.arguments.values())[-1] == opens + longer
    reported = replace(paused, accounts=replace(paused.accounts, ref_time=opens))
    assert keel.depositable_wei(reported, opens + longer - 1) == 0
    keel.deposit(reported, opens + longer, "holder", ETHER)


def test_what_the_stream_bears_draws_on_no_bucket_and_closes_nothing() -> None:
    """LIM-3: growth that was false is taken back at once, however large."""
    world, _ = keel.submit_report(staked_world(), REPORTED, report(30 * ETHER), 3)
    later = REPORTED + FRAME
    left = world.accounts.unvested_wei(later) // 10**9 * 10**9
    before = keel.loss_allowance_wei(world, later)
    after, done = keel.submit_report(world, later, report(30 * ETHER - left, 2), 3)
    assert done.outcome is not None
    assert done.judgement.drawn_wei == 0
    assert keel.loss_allowance_wei(after, later) == before
    keel.deposit(after, later, "holder", ETHER)


def test_deposits_wait_while_much_is_unvested() -> None:
    """LIM-4."""
    at_limit = report(32 * ETHER + 8 * 10**16)
    world, done = keel.submit_report(staked_world(), REPORTED, at_limit, 3)
    assert done.outcome is not None
    assert done.outcome.fee_wei == 64 * 10**15
    unvested = world.accounts.unvested_wei(REPORTED)
    with pytest.raises(UnvestedAboveLimit) as refusal:
        keel.deposit(world, REPORTED, "holder", ETHER)
    assert list(refusal.value.arguments.values()) == [unvested, 32 * ETHER]
    open_at = REPORTED + world.accounts.stream.seconds // 1_000
    assert world.accounts.unvested_wei(open_at) <= 32 * ETHER
    keel.deposit(world, open_at, "holder", ETHER)


def test_an_insolvent_vault_is_wound_down() -> None:
    """ACC-4: no deposit, no stake; only ether that arrives is income, and soon."""
    world = keel.launch(PARAMETERS, LAUNCH_TIME)
    world, _ = keel.deposit(world, LAUNCH_TIME, "depositor", 309 * ETHER)
    world = keel.stake(world, NOW, 10)
    world, _ = keel.submit_report(world, REPORTED, report(-320 * ETHER), 3)
    now = REPORTED + FRAME
    world, _ = keel.submit_report(world, now, report(-320 * ETHER, 2), 4)
    assert world.accounts.insolvent
    world = keel.receive_income(world, withdrawals_wei=64 * ETHER)
    now += FRAME
    seen = replace(report(0, 3), withdrawal_vault_balance_wei=64 * ETHER)
    world, done = keel.submit_report(world, now, seen, 3)
    assert (done.judgement.growth_wei, world.accounts.consensus_wei) == (64 * ETHER, 0)
    assert world.accounts.stream.seconds <= 30 * FRAME
    later = now + 30 * FRAME
    assert world.accounts.visible_wei(later) == 64 * ETHER
    alive = replace(world, accounts=replace(world.accounts, ref_time=later))
    for act in (
        lambda: keel.deposit(alive, later, "holder", ETHER),
        lambda: keel.stake(alive, later, 1),
    ):
        with pytest.raises(Insolvent):
            act()
    assert (keel.depositable_wei(alive, later), keel.stakeable_validators(alive, later)) == (0, 0)
    keel.request(alive, later, "depositor", "depositor", 60 * ETHER)


def test_a_report_within_limits_ends_an_announcement() -> None:
    world, _ = keel.submit_report(staked_world(), REPORTED, LOSS, 3)
    after, done = keel.submit_report(world, REPORTED + 1, report(0), 3)
    assert done.outcome is not None
    assert after.announced_at == 0


def test_the_fund_covers_with_a_twentieth_before_holders_lose() -> None:
    """LOS-2."""
    world, units = keel.deposit_wrapped(staked_world(), NOW, "underwriter", 20 * ETHER)
    world, _ = keel.underwrite(world, "underwriter", "underwriter", units)
    world, _ = keel.submit_report(world, REPORTED, LOSS, 3)
    after, done = keel.submit_report(world, REPORTED + FRAME, report(-10 * ETHER, 2), 4)
    assert done.outcome is not None
    assert done.outcome.loss is not None
    assert done.outcome.loss.cover_wei == ETHER
    assert after.units_of[FUND] == 19 * ETHER
    assert after.accounts.loss_carry_wei == 9 * ETHER
