"""What holds whatever a module reports: bounds on growth, on refusals, on what is kept closed."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from keel.model import protocol as keel
from keel.model.constants import DAY, ETHER, GWEI, LARGEST_REPORT_WEI, LONGEST_STREAM_SECONDS, RAY
from keel.model.errors import NothingToDo, Refused
from keel.model.frames import State
from keel.model.protocol import Protocol, Submission
from keel.model.report import Report
from tests.unit.model.worlds import (
    FRAME,
    FRAME_SLOTS,
    GEOMETRY,
    LAUNCH_SLOT,
    LAUNCH_TIME,
    PARAMETERS,
)

CAP = PARAMETERS.stream_cap_ray_per_day


@dataclass
class Story:
    """A vault whose module says what it likes, with every signature; `true_wei` is not asked."""

    world: Protocol = field(default_factory=lambda: keel.launch(PARAMETERS, LAUNCH_TIME))
    now: int = LAUNCH_TIME
    slot: int = LAUNCH_SLOT
    rate_bound: tuple[int, int] = (0, 0)

    def attempt(self, act: Callable[..., Any], *arguments: Any) -> Any:
        try:
            result = act(self.world, *arguments)
        except Refused:
            return None
        self.world, value = result if isinstance(result, tuple) else (result, True)
        return value

    def end_frame(self, frames: int, late: int) -> None:
        """On to the report's time, and see that V grew no faster than the last report allowed."""
        before, was = self.world.accounts.visible_wei(self.now), self.now
        self.slot += frames * FRAME_SLOTS
        self.now = GEOMETRY.time_of(self.slot) + PARAMETERS.finality_seconds + late
        grown = self.world.accounts.visible_wei(self.now) - before
        numerator, denominator = self.rate_bound
        assert grown <= 1 or (grown - 1) * denominator < numerator * (self.now - was)

    def report(self, consensus_wei: int, signatures: int = 5) -> Submission | None:
        """Whatever consensus balance, and all that the vaults hold."""
        world = self.world
        arrived = (world.withdrawal_vault_wei, world.rewards_vault_wei)
        gwei = min(consensus_wei, LARGEST_REPORT_WEI - sum(arrived)) // GWEI
        before = world.accounts
        report = Report(self.slot, max(0, gwei), *arrived)
        done: Submission | None = self.attempt(keel.submit_report, self.now, report, signatures)
        if done is not None and done.outcome is not None and not done.judgement.loss_wei:
            self.check_growth(before.visible_wei(self.now), before.shares)
        return done

    def check_growth(self, visible: int, shares: int) -> None:
        """STR-2 and STR-3, and remember how fast V may grow now."""
        after = self.world.accounts
        rise = after.visible_wei(self.now) * shares - visible * after.shares
        assert 0 <= rise < max(1, visible)
        base = min(visible, after.record_wei + after.pending_wei)
        stream = after.stream
        if after.insolvent or stream.seconds == LONGEST_STREAM_SECONDS:
            self.rate_bound = (stream.unvested_wei, stream.seconds or 1)
            return
        self.rate_bound = (CAP * base, DAY * RAY)
        assert stream.unvested_wei * DAY * RAY <= stream.seconds * CAP * base


deeds = st.tuples(
    st.sampled_from(["deposit", "request", "stake", "gift", "sweep", "finalise"]),
    st.integers(0, 1_000),
)
frames = st.sampled_from([1, 1, 1, 1, 2, 4, 15])
sights = st.sampled_from([0, 1, 500, 990, 999, 1_000, 1_001, 1_100, 10_000, 10**12])


def act(story: Story, deed: str, size: int) -> None:
    world, now = story.world, story.now
    if deed == "deposit":
        story.attempt(keel.deposit, now, "attacker", size**3 * 10**14)
    elif deed == "request":
        for holder in ("victims", "attacker"):
            story.attempt(
                keel.request, now, holder, holder, world.balance_wei(holder, now) * size // 1_000
            )
    elif deed == "stake":
        story.attempt(keel.stake, now, keel.stakeable_validators(world, now))
    elif deed == "gift":
        story.world = keel.receive_income(world, size * 10**16, size**3 * 10**11)
    elif deed == "sweep":
        story.attempt(keel.sweep, now)
    else:
        story.attempt(keel.finalise_without_report, now)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """A random past: hostile reports among deposits, exits, stakes, gifts and silence."""
    story = Story()
    story.attempt(keel.deposit, story.now, "victims", draw(st.integers(1, 40_000)) * ETHER)
    act(story, "stake", 0)
    for _ in range(draw(st.integers(0, 12))):
        for deed, size in draw(st.lists(deeds, max_size=3)):
            act(story, deed, size)
        story.end_frame(draw(frames), draw(st.integers(0, FRAME - 2_000)))
        for part in draw(st.lists(sights, max_size=2)):
            accounts = story.world.accounts
            expected = accounts.consensus_wei + accounts.pending_wei
            story.report(expected * part // 1_000)
    return story


@settings(max_examples=150, deadline=None)
@given(stories(), st.integers(0, 2**87))
def test_income_never_stops_a_report(story: Story, income: int) -> None:
    """REP-4, STR-2, STR-3: any growth, in any state, with a quorum, and V / S does not move."""
    story.end_frame(2, 0)
    accounts = story.world.accounts
    expected = accounts.consensus_wei + accounts.pending_wei
    done = story.report(-(-expected // GWEI) * GWEI + income, PARAMETERS.quorum)
    assert done is not None
    assert done.outcome is not None
    story.end_frame(1, 0)


@settings(max_examples=150, deadline=None)
@given(stories(), st.integers(0, 13))
def test_the_dead_exit_opens_fourteen_frames_after_the_last_applied_report(
    story: Story, announced_in: int
) -> None:
    """STA-3: whatever is announced meanwhile, and whatever came before."""
    world, ref_time = story.world, story.world.accounts.ref_time
    dead = ref_time + 14 * FRAME
    announced = replace(world, announced_at=ref_time + announced_in * FRAME, announced_wei=1)
    assert announced.state(dead - 1) is not State.DEAD
    assert announced.state(dead) is State.DEAD
    before = world.queue.owed_wei
    try:
        after, moved = keel.finalise_without_report(announced, dead)
    except NothingToDo:
        first = world.queue.finalised + 1
        assert (
            first > len(world.queue.tickets)
            or before - owed_after_first(world) > world.buffered_wei
            or before == owed_after_first(world)
        )
        return
    assert moved == before - after.queue.owed_wei <= world.buffered_wei


def owed_after_first(world: Protocol) -> int:
    """Q once the first waiting ticket is paid."""
    queue = world.queue
    rest = queue.cumulative(len(queue.tickets)) - queue.cumulative(queue.finalised + 1)
    return -(-rest * queue.index // 10**36)


@settings(max_examples=150, deadline=None)
@given(stories())
def test_deposits_open_once_the_truth_is_reported_but_for_what_the_page_names(
    story: Story,
) -> None:
    """STA-3, LIM-4, ACC-4: docs/design.md, "What can be kept closed, and how long"."""
    story.end_frame(2, 0)
    accounts = story.world.accounts
    truth = accounts.consensus_wei + accounts.pending_wei
    done = story.report(-(-truth // GWEI) * GWEI)
    assert done is not None
    assert done.outcome is not None
    accounts, now = story.world.accounts, story.now
    if accounts.insolvent:
        assert keel.depositable_wei(story.world, now + 100 * FRAME) == 0
        return
    opens = max(now, story.world.deposits_open_from)
    assert opens <= now + 6 * FRAME
    stream, visible = accounts.stream, accounts.visible_wei(now)
    surplus = stream.unvested_wei - max(visible // 100, 32 * ETHER)
    if surplus > 0:
        opens = max(opens, now + -(-surplus * stream.seconds // stream.unvested_wei))
    while story.now < opens <= now + 10 * FRAME:
        story.end_frame(1, 0)
        assert story.report(story.world.accounts.consensus_wei) is not None
    if story.now >= opens:
        assert keel.depositable_wei(story.world, story.now) > 0
