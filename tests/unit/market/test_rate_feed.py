"""RateFeed: the protocol's rate as lenders read it, and when it is not fresh."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.chain.clock import jump, jump_to, now, set_next_timestamp
from keel.chain.contract import Contract
from keel.model.constants import DEAD_FRAMES, ETHER, GWEI, STALE_FRAMES
from keel.model.frames import State
from keel.model.market.rate_feed import answer_wei, round_id, updated_at
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import announce_loss, next_reference_slot, report, undone
from tests.unit.contracts.losses import ticket_beyond_buffer
from tests.unit.contracts.vaults import (
    accounts_of,
    apply,
    change,
    inputs_of,
    lose_everything,
    note_slashing,
)
from tests.unit.market.stage import Latest, examples, latest, place


@pytest.fixture
def feed(keel: Keel) -> Contract:
    """Of 1,000 ETH, 960 are staked, a ticket waits for 100, and 10 more vest."""
    ticket_beyond_buffer(keel)
    change(keel, 10 * ETHER)
    return place(keel, "RateFeed", keel.quick.vault.address)


def expected(keel: Keel) -> Latest:
    """What the model answers now."""
    vault, at = keel.quick.vault, now(keel.rpc)
    accounts, owed_wei = accounts_of(keel), keel.quick.queue.owedWei()
    announced_wei = vault.reportBase(vault.newestRefTime()).announcedWei
    answer = answer_wei(accounts, owed_wei, announced_wei, at)
    last = accounts.ref_time
    number = round_id(last, vault.FRAME_ORIGIN(), vault.FRAME_SECONDS())
    return Latest(number, answer, last, updated_at(State(vault.state()), last), number)


def test_answers_what_a_whole_wketh_is_worth_each_second(keel: Keel, feed: Contract) -> None:
    """FED-1: rewards vest between reports, and every second of it is in the answer."""
    answers = []
    for _ in range(3):
        jump(keel.rpc, 1_000)
        found = latest(feed)
        assert found == expected(keel)
        assert found.answer == keel.quick.wrapped.convertToAssets(ETHER)
        assert feed.function("latestAnswer")() == found.answer
        answers.append(found.answer)
    assert answers == sorted(set(answers))


def test_has_the_face_that_lenders_know(feed: Contract, keel: Keel) -> None:
    """FED-5 besides: a report takes at most the loss limit unannounced."""
    names = ("decimals", "version", "description", "stepBps")
    answers = [feed.function(name)() for name in names]
    limit_bps = keel.configuration.model.loss_limit_bps
    assert answers == [18, 1, "wkETH / ETH, protocol rate", limit_bps]


@examples(12)
@given(
    st.just(1) | st.integers(1, 9 * ETHER) | st.integers(1, 1_300 * ETHER), st.integers(0, 10**6)
)
def test_takes_an_announced_loss_off_at_once(
    feed: Contract, keel: Keel, loss_wei: int, later: int
) -> None:
    """FED-2: to the wei, whatever the loss; what the stream bears of it takes nothing off."""
    with undone(keel.rpc):
        announce_loss(keel, loss_wei)
        found = latest(feed)
        assert found == expected(keel)
        assert found.updatedAt == 0
        whole_wei = keel.quick.wrapped.convertToAssets(ETHER)
        unvested_wei = keel.quick.vault.totals().unvestedWei
        assert (found.answer < whole_wei) == (loss_wei > unvested_wei)
        jump(keel.rpc, later)
        after = latest(feed)
        assert after == expected(keel)
        assert after.answer >= found.answer - 1  # of two roundings: time takes nothing


def test_what_it_took_off_is_what_the_loss_takes(keel: Keel, feed: Contract) -> None:
    """FED-2: the report leaves the answer where the announcement did, but for the fund's crumb."""
    loss_wei = 50 * ETHER
    announce_loss(keel, loss_wei)
    ref_time = next_reference_slot(keel)
    warned, inputs = latest(feed), inputs_of(keel, ref_time, -loss_wei)
    covered = keel.quick.vault.previewReport(inputs).coverWei * ETHER // (1_000 * ETHER)
    set_next_timestamp(keel.rpc, ref_time)
    apply(keel, inputs)
    found = latest(feed)
    assert -2 <= found.answer - warned.answer <= covered < ETHER // 10**5
    assert found.updatedAt == keel.quick.vault.consensus().lastRefTime > 0
    assert found.roundId > warned.roundId


def test_a_proven_slashing_marks_it_and_takes_nothing_off(keel: Keel, feed: Contract) -> None:
    """FED-3: from the same bound on as the vault's own doors (STA-7)."""
    jump(keel.rpc, 60)
    limit_wei = (keel.quick.vault.totals().assetsWei + keel.quick.queue.owedWei()) // 1_000
    note_slashing(keel, limit_wei // GWEI * GWEI, now(keel.rpc))
    assert latest(feed).updatedAt > 0
    note_slashing(keel, 32 * ETHER, now(keel.rpc))
    found = latest(feed)
    assert (found.updatedAt, keel.quick.vault.state()) == (0, State.SLASHED)
    assert found == expected(keel)
    assert found.answer == keel.quick.wrapped.convertToAssets(ETHER)
    report(keel)
    assert latest(feed).updatedAt > 0


def test_is_fresh_until_the_vault_is_stale(keel: Keel, feed: Contract) -> None:
    """FED-3: normal, awaiting, then stale and dead; a report makes it fresh again."""
    last, frame = keel.quick.vault.consensus().lastRefTime, keel.profile.frame_seconds
    seen = []
    for age in (frame - 1, frame, STALE_FRAMES * frame - 1, STALE_FRAMES * frame):
        jump_to(keel.rpc, last + age)
        seen.append((keel.quick.vault.state(), latest(feed).updatedAt))
        assert latest(feed) == expected(keel)
    awaiting = (State.AWAITING, last)
    assert seen == [(State.NORMAL, last), awaiting, awaiting, (State.STALE, 0)]
    jump_to(keel.rpc, last + DEAD_FRAMES * frame)
    assert (keel.quick.vault.state(), latest(feed)) == (State.DEAD, expected(keel))
    assert latest(feed).updatedAt == 0
    report(keel)
    assert latest(feed).updatedAt == keel.quick.vault.consensus().lastRefTime


def test_keeps_an_announced_loss_off_in_the_dead_state(keel: Keel, feed: Contract) -> None:
    """FED-2: silence does not take an announcement back."""
    announce_loss(keel, 100 * ETHER)
    warned = latest(feed).answer
    jump(keel.rpc, DEAD_FRAMES * keel.profile.frame_seconds)
    assert keel.quick.vault.state() == State.DEAD
    assert warned - 1 <= latest(feed).answer < keel.quick.wrapped.convertToAssets(ETHER)


def test_answers_nothing_where_wketh_is_worth_nothing(keel: Keel) -> None:
    """FED-2: an answer of 0, which lenders refuse; an announced loss of all is no division by 0."""
    lose_everything(keel)
    feed = place(keel, "RateFeed", keel.quick.vault.address)
    assert latest(feed).answer == 0
    announce_loss(keel, ETHER)
    assert latest(feed).answer == 0


def test_a_round_is_a_frame_and_the_last_one_only(keel: Keel, feed: Contract) -> None:
    """FED-4."""
    first = latest(feed)
    jump(keel.rpc, 100)
    same = Latest(*feed.function("getRoundData")(first.roundId))
    assert same == latest(feed)
    change(keel, 0, frames=2)
    number = latest(feed).roundId
    assert number == first.roundId + 2
    for asked in (0, first.roundId, number - 1, number + 1):
        with fails("NoSuchRound", asked=asked, latest=number):
            feed.function("getRoundData")(asked)
