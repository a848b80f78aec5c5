"""PushFeed: what pushers can move, in any order and at any time, against the model."""

from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.chain.clock import jump, now, set_next_timestamp
from keel.chain.contract import Contract, call_many
from keel.chain.revert import Reverted
from keel.deploy.artifacts import artifact_named
from keel.model.constants import BPS, DAY, ETHER
from keel.model.errors import Refused
from keel.model.market.push_feed import Bounds, PushFeed, Round
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import announce_loss, undone
from tests.unit.contracts.vaults import change, stake_most
from tests.unit.market.stage import Latest, examples, latest, place

START_WEI = 11 * ETHER // 10
BOUNDS = Bounds(
    rise_wei=ETHER * 5 // BPS,
    fall_wei=ETHER * 25 // BPS,
    period_seconds=DAY,
    max_age_seconds=2 * DAY,
)
READS = ("view", "pure")
PLAYERS = ("stranger", "keeper", "attacker")
"""The first two push; the third may not."""


class Stage(NamedTuple):
    """The contract and its model."""

    keel: Keel
    feed: Contract
    model: PushFeed

    def account(self, player: str) -> str:
        return str(self.keel.actors[player].address)

    def push(self, player: str, number: int, pushed: Round, at: int) -> None:
        """Push in a block of this time; raises as the contract reverts."""
        set_next_timestamp(self.keel.rpc, at)
        arguments = (number, pushed.rate_wei, pushed.read_at, pushed.is_fresh)
        self.feed.function("push").send(*arguments, sender=self.account(player))

    def move(self, player: str, by_wei: int, *, is_fresh: bool = True) -> None:
        """Push the next round, read in a new second."""
        last, number = self.model.rounds[-1], len(self.model.rounds) + 1
        at = now(self.keel.rpc) + 1
        pushed = Round(last.rate_wei + by_wei, at, is_fresh)
        self.push(player, number, pushed, at)
        self.model.push(self.account(player), number, pushed, at)


def init(keel: Keel, **changes: Any) -> dict[str, Any]:
    values = {
        "pushers": [keel.actors[name].address for name in PLAYERS[:2]],
        "riseWei": BOUNDS.rise_wei,
        "fallWei": BOUNDS.fall_wei,
        "periodSeconds": BOUNDS.period_seconds,
        "maxAgeSeconds": BOUNDS.max_age_seconds,
        "rateWei": START_WEI,
    }
    return values | changes


@pytest.fixture
def stage(keel: Keel) -> Stage:
    values = init(keel)
    feed = place(keel, "PushFeed", values)
    pushers = [str(pusher) for pusher in values["pushers"]]
    model = PushFeed.created(BOUNDS, pushers, START_WEI, now(keel.rpc))
    jump(keel.rpc, 1)
    return Stage(keel, feed, model)


@st.composite
def deeds(draw: st.DrawFn) -> tuple[str, int, int, int, int, bool]:
    """Who, seconds later, round off, seconds since the reading, change in wei, whether fresh."""
    edge = st.sampled_from(
        [BOUNDS.rise_wei, BOUNDS.rise_wei + 1, -BOUNDS.fall_wei, -BOUNDS.fall_wei - 1]
    )
    change_wei = draw(st.integers(-BOUNDS.fall_wei, BOUNDS.rise_wei) | st.integers(-9, 9) | edge)
    return (
        draw(st.sampled_from([*PLAYERS[:2], *PLAYERS])),
        draw(st.integers(1, 60) | st.integers(1, DAY) | st.just(2 * DAY)),
        draw(st.sampled_from([0, 0, 0, 0, 0, -1, 1])),
        draw(st.sampled_from([0, 0, 0, 0, -1, 30, 2 * DAY, 2 * DAY + 1])),
        change_wei,
        draw(st.booleans()),
    )


@examples(25)
@given(st.lists(deeds(), min_size=1, max_size=12))
def test_every_push_is_the_models(stage: Stage, history: list[Any]) -> None:
    """PSH-2 to PSH-6: taken or refused for the same reason with the same values; and no history
    moves the rate by more than the sum of what the pushers' buckets let through in its time."""
    keel = stage.keel
    model = PushFeed.created(
        BOUNDS, list(stage.model.pushers), START_WEI, stage.model.rounds[0].read_at
    )
    with undone(keel.rpc):
        began = at = now(keel.rpc)
        for player, later, off, age, change_wei, is_fresh in history:
            at += later
            last, number = model.rounds[-1], len(model.rounds) + 1 + off
            pushed = Round(last.rate_wei + change_wei, at - age, is_fresh)
            refused: Refused | None = None
            try:
                model.push(stage.account(player), number, pushed, at)
            except Refused as refusal:
                refused = refusal
            if refused is None:
                stage.push(player, number, pushed, at)
            else:
                with fails(type(refused).__name__, **refused.arguments):
                    stage.push(player, number, pushed, at)
            require_same(stage, model, at)
            for capacity_wei, moved_wei in (
                (BOUNDS.rise_wei, model.rounds[-1].rate_wei - START_WEI),
                (BOUNDS.fall_wei, START_WEI - model.rounds[-1].rate_wei),
            ):
                elapsed = at - began
                assert moved_wei * DAY <= 2 * capacity_wei * (DAY + elapsed)


def require_same(stage: Stage, model: PushFeed, at: int) -> None:
    """All views at once."""
    feed, number, last = stage.feed, len(model.rounds), model.rounds[-1]
    players = [stage.account(player) for player in PLAYERS]
    asked = [
        feed.function("latestRoundData").prepare(),
        feed.function("stepBps").prepare(),
        feed.function("pushers").prepare(),
        *(feed.function("available").prepare(player) for player in players),
        *(feed.function("getRoundData").prepare(each + 1) for each in range(number)),
    ]
    if now(stage.keel.rpc) != at:  # a refused push leaves no block
        jump(stage.keel.rpc, at - now(stage.keel.rpc))
    newest, step, pushers, *rest = call_many(stage.keel.rpc, asked)
    assert Latest(*newest) == (number, last.rate_wei, last.read_at, model.updated_at(at), number)
    assert (step, pushers) == (model.step_bps(), len(model.pushers))
    for player, found in zip(players, rest[: len(players)], strict=True):
        assert tuple(found) == model.available(player, at)
    for each, found in enumerate(rest[len(players) : -1]):
        kept = model.rounds[each]
        shown = kept.read_at if kept.is_fresh else 0
        assert Latest(*found) == (each + 1, kept.rate_wei, kept.read_at, shown, each + 1)
    assert tuple(rest[-1]) == tuple(newest)


def test_the_first_round_is_not_fresh(stage: Stage) -> None:
    """PSH-5."""
    found = latest(stage.feed)
    assert (found.roundId, found.answer, found.updatedAt) == (1, START_WEI, 0)
    stage.move("keeper", 0)
    assert latest(stage.feed).updatedAt == stage.model.rounds[-1].read_at
    for asked in (0, 3):
        with fails("NoSuchRound", asked=asked, latest=2):
            stage.feed.function("getRoundData")(asked)


def test_a_move_back_gives_nothing_back(stage: Stage) -> None:
    """PSH-2: up and down again and again is no way to more."""
    third = BOUNDS.rise_wei // 3
    for _ in range(3):
        stage.move("keeper", third)
        stage.move("keeper", -third)
    with pytest.raises(Reverted, match="LimitExceeded"):
        stage.move("keeper", third)
    stage.move("stranger", third)  # whose bucket is full


def test_all_pushers_at_once_move_it_by_their_sum(stage: Stage) -> None:
    """PSH-2 and PSH-6: which is what `stepBps` says."""
    for player in PLAYERS[:2]:
        stage.move(player, -BOUNDS.fall_wei)
    fallen_wei = START_WEI - latest(stage.feed).answer
    assert fallen_wei == 2 * BOUNDS.fall_wei
    step_bps = -(-fallen_wei * BPS // latest(stage.feed).answer)
    assert stage.feed.function("stepBps")() == step_bps
    for player in PLAYERS[:2]:
        with pytest.raises(Reverted, match="LimitExceeded"):
            stage.move(player, -BOUNDS.fall_wei // 100)


def test_two_that_read_the_same_state_push_once(stage: Stage) -> None:
    """PSH-3."""
    at = now(stage.keel.rpc) + 1
    stage.push("keeper", 2, Round(START_WEI + 7, at, is_fresh=True), at)
    with fails("RoundNotNext", round=2, next=3):
        stage.push("stranger", 2, Round(START_WEI + 7, at, is_fresh=True), at)
    with fails("ReadNotNewer", readAt=at, lastReadAt=at):
        stage.push("stranger", 3, Round(START_WEI + 14, at, is_fresh=True), at)


def test_goes_stale_without_pushes(stage: Stage) -> None:
    """PSH-4: in the second after the bound."""
    stage.move("keeper", 5)
    jump(stage.keel.rpc, BOUNDS.max_age_seconds)
    assert latest(stage.feed).updatedAt > 0
    jump(stage.keel.rpc, 1)
    assert latest(stage.feed).updatedAt == 0
    assert latest(stage.feed).answer == START_WEI + 5


def test_an_announced_loss_over_there_closes_it_here(stage: Stage) -> None:
    """PSH-4: the pusher says what RateFeed says, long before its buckets reach the new rate."""
    keel = stage.keel
    stake_most(keel)
    change(keel, 0)
    there = place(keel, "RateFeed", keel.quick.vault.address)
    stage.move("keeper", 0, is_fresh=latest(there).updatedAt > 0)
    assert latest(stage.feed).updatedAt > 0
    announce_loss(keel, 100 * ETHER)
    assert latest(there).answer < START_WEI - BOUNDS.fall_wei
    stage.move("keeper", -BOUNDS.fall_wei, is_fresh=latest(there).updatedAt > 0)
    assert latest(stage.feed).updatedAt == 0
    stage.move("stranger", 0)
    assert latest(stage.feed).updatedAt > 0


def test_who_retires_pushes_no_more(stage: Stage) -> None:
    """PSH-1: nor does the thief of its key; the others carry on, and the step is theirs alone."""
    thief = stage.account("keeper")
    before = stage.feed.function("stepBps")()
    receipt = stage.feed.function("retire").send(sender=thief)
    assert [event.name for event in stage.feed.events(receipt)] == ["Retired"]
    stage.model.retire(thief)
    for function, arguments in (("push", (2, START_WEI, 1, True)), ("retire", ())):
        with fails("NotPusher", caller=thief):
            stage.feed.function(function).send(*arguments, sender=thief)
    assert stage.feed.function("pushers")() == 1
    assert stage.feed.function("stepBps")() in (before // 2, before // 2 + 1)
    stage.move("stranger", 9)


def test_nobody_can_add_a_pusher_or_widen_a_bound(stage: Stage) -> None:
    """PSH-1: the only functions that write."""
    entries = artifact_named(stage.keel.artifacts, "PushFeed").abi_entries
    functions = [entry for entry in entries if entry["type"] == "function"]
    writing = {each["name"] for each in functions if each["stateMutability"] not in READS}
    assert writing == {"push", "retire"}


@pytest.mark.parametrize(
    ("field", "wrong", "most"),
    [
        ("riseWei", 0, 2**96 - 1),
        ("fallWei", 2**96, 2**96 - 1),
        ("periodSeconds", 365 * DAY + 1, 365 * DAY),
        ("maxAgeSeconds", 0, 365 * DAY),
        ("rateWei", 0, 2**96 - 1),
    ],
)
def test_a_bound_beyond_its_own_is_refused(keel: Keel, field: str, wrong: int, most: int) -> None:
    """PSH-2."""
    with fails("ParameterOutOfBounds", what=field, value=wrong, bound=most):
        place(keel, "PushFeed", init(keel, **{field: wrong}))


def test_pushers_are_somebody_and_named_once(keel: Keel) -> None:
    """PSH-1."""
    one = keel.actors.keeper.address
    with fails("PusherTwice", pusher=one):
        place(keel, "PushFeed", init(keel, pushers=[one, one]))
    with fails("ZeroAddress", what="pusher"):
        place(keel, "PushFeed", init(keel, pushers=["0x" + "0" * 40]))
    with fails("ParameterOutOfBounds", what="pushers", value=0, bound=255):
        place(keel, "PushFeed", init(keel, pushers=[]))


def test_a_rate_of_nothing_or_beyond_its_bits_is_refused(keel: Keel) -> None:
    """PSH-2: whatever the buckets would let through."""
    most = 2**96 - 1
    wide = init(keel, rateWei=1, riseWei=most, fallWei=most)
    feed = place(keel, "PushFeed", wide)
    at = jump(keel.rpc, 1)
    for wrong in (0, most + 1):
        with fails("ParameterOutOfBounds", what="rateWei", value=wrong, bound=most):
            feed.function("push").send(2, wrong, at, True, sender=keel.actors.keeper.address)
    feed.function("push").send(2, most, at, True, sender=keel.actors.keeper.address)
    assert latest(feed).answer == most
