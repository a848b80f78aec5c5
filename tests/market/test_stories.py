"""Stories: each adds up, goes the way that it tells, and docs/market.md has its figures.

Every story is lived once for all of its tests, on a chain of its own.
"""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from keel.commands.market import cli as market
from keel.deploy.artifacts import Artifacts
from keel.market.stories.loop import LOOP, OWN_WEI, Loops
from keel.market.stories.page import PAGE, page
from keel.market.stories.peg import PARTIES as PEG_PARTIES
from keel.market.stories.peg import PEG, SELLER
from keel.market.stories.peg_figures import (
    BORROWERS,
    MARKET,
    RATE,
    SALE_HOURS,
    SALE_UNITS,
    Course,
    Peg,
)
from keel.market.stories.plots import draw
from keel.market.stories.restaking import PARTIES as RESTAKING_PARTIES
from keel.market.stories.restaking import RESTAKING, Restaking
from keel.market.stories.slashing import INFORMED, SLASHING
from keel.market.stories.slashing import PARTIES as SLASHING_PARTIES
from keel.market.stories.slashing_figures import DARING, Slashing
from keel.market.stories.solo import SOLO
from keel.market.stories.solo_figures import FRAMES, STAKE_WEI, Solo
from keel.market.stories.stories import STORIES
from keel.market.stories.story import Story, live_alone
from keel.market.stories.telling import Chart, Grid, markdown, show
from keel.market.stories.worth import BONDS, FUND, LENDERS, STABLE, UNISWAP
from keel.market.stories.yield_split import YIELD_SPLIT, YieldSplit
from keel.model.constants import BPS, ETHER

ROUNDINGS_WEI = 1_000
"""Each party's worth is rounded down at its rate, a loan's by its own."""

type Lived = Callable[[Story[Any, Any]], Any]


@pytest.fixture(scope="session")
def lived(artifacts: Artifacts, compiled: None) -> Lived:
    """Figures of a story, which is lived by the first test that asks."""
    figures: dict[str, Any] = {}

    def of(story: Story[Any, Any]) -> Any:
        if story.name not in figures:
            figures[story.name] = live_alone(story, artifacts)
        return figures[story.name]

    return of


class TestPeg:
    @pytest.fixture
    def peg(self, lived: Lived) -> Peg:
        found: Peg = lived(PEG)
        return found

    @pytest.fixture(params=["with_instant", "without"])
    def course(self, peg: Peg, request: pytest.FixtureRequest) -> Course:
        found: Course = getattr(peg, request.param)
        return found

    def test_what_some_gain_others_lose(self, course: Course) -> None:
        assert abs(sum(course.changes_wei.values())) < ROUNDINGS_WEI
        assert course.changes_wei[PEG_PARTIES[SELLER]] < 0
        sold_wei = SALE_HOURS * SALE_UNITS
        lost_wei = sold_wei - course.seller_wei
        assert abs(course.changes_wei[PEG_PARTIES[SELLER]] + lost_wei) < ROUNDINGS_WEI

    def test_the_rate_never_moves_and_the_market_feed_follows_the_pool(
        self, course: Course
    ) -> None:
        assert all(abs(each.feed_wei[RATE] - ETHER) <= 1 for each in course.moments)
        assert all(each.feed_wei[MARKET] <= each.feed_wei[RATE] for each in course.moments)
        lowest = min(each.feed_wei[MARKET] for each in course.moments)
        assert lowest < ETHER * 96 // 100

    def test_the_market_feed_sells_out_who_owes_much_and_the_rate_feed_nobody(
        self, course: Course
    ) -> None:
        sold = {(each.feed, each.borrower) for each in course.liquidations}
        assert (MARKET, "operator_manager_1") in sold
        assert (MARKET, "holder") not in sold
        assert not sold & {(RATE, name) for name in BORROWERS}
        assert all(each.gain_wei > 0 for each in course.liquidations)

    def test_a_feed_of_the_rate_is_borrowed_against_and_leaves_bad_debt(
        self, course: Course
    ) -> None:
        assert course.attack_gain_wei > 0
        assert course.worst_short_wei[RATE] > course.worst_short_wei[MARKET]
        assert course.refused_gain_wei < course.attack_gain_wei // 10

    def test_a_monitor_tells_of_it_and_falls_silent_once_the_peg_is_back(
        self, course: Course
    ) -> None:
        told = {"peg_off", "feed_off", "queue_long", "queue_slow"}
        first, last = course.moments[0], course.moments[-1]
        assert told.isdisjoint(first.alarms)
        assert {"peg_off", "feed_off", "queue_long"} <= set(course.lowest.alarms)
        assert told == {name for each in course.moments for name in each.alarms} & told
        assert told.isdisjoint(last.alarms)
        nothing_lost = {"slashings_proven", "loss_announced", "late_report", "stale", "dead"}
        assert all(nothing_lost.isdisjoint(each.alarms) for each in course.moments)

    def test_the_peg_returns_as_the_queue_is_paid(self, course: Course) -> None:
        low, last = course.lowest, course.moments[-1]
        assert low.price_wad < ETHER * 96 // 100
        assert last.price_wad > ETHER * 997 // 1_000
        assert low.queue_wei > last.queue_wei
        assert course.ticket_gain_wei > 0

    def test_instant_redemption_holds_the_price_while_something_is_buffered(self, peg: Peg) -> None:
        with_instant, without = peg.with_instant, peg.without
        assert with_instant.instant_gain_wei > 0
        assert with_instant.instant_fee_wei > 0
        assert without.instant_units == 0
        assert with_instant.seller_wei > without.seller_wei
        assert with_instant.lowest.price_wad >= without.lowest.price_wad
        assert with_instant.attack_gain_wei < without.attack_gain_wei
        assert with_instant.moments[SALE_HOURS].instant_wad == 0


class TestSlashing:
    @pytest.fixture
    def slashing(self, lived: Lived) -> Slashing:
        found: Slashing = lived(SLASHING)
        return found

    def test_the_parts_of_the_loss_add_up_to_the_wei(self, slashing: Slashing) -> None:
        parts = slashing.parts
        assert parts.sum_wei == parts.loss_wei
        assert parts.bonds_wei > 0
        assert parts.cover_wei > 0
        assert parts.tickets_wei > 0
        assert parts.holders_wei > parts.tickets_wei
        assert abs(parts.loss_wei * 10 - slashing.backing_wei) * 20 < slashing.backing_wei

    def test_what_everybody_loses_is_the_loss(self, slashing: Slashing) -> None:
        assert abs(slashing.rounding_wei) < ROUNDINGS_WEI
        changes = slashing.changes_wei
        assert changes[BONDS] < 0
        assert changes[FUND] < 0
        assert -changes[FUND] >= slashing.parts.cover_wei

    def test_pools_and_lenders_pay_for_who_traded_in_time(self, slashing: Slashing) -> None:
        changes = slashing.changes_wei
        informed = changes[SLASHING_PARTIES[INFORMED]]
        assert -slashing.kept_would_lose_wei < informed
        for party in (STABLE, UNISWAP, LENDERS):
            assert changes[party] < 0
        assert changes[SLASHING_PARTIES["stranger"]] > 0

    def test_the_feed_falls_when_the_loss_is_announced_and_the_rate_when_it_is_applied(
        self, slashing: Slashing
    ) -> None:
        before, _, proven, announced, applied, after = slashing.views
        states = [each.state for each in slashing.views]
        assert states == ["normal", "normal", "slashed", "announced", "normal", "normal"]
        assert [each.is_fresh for each in slashing.views] == [True, True, False, False, True, True]
        assert proven.feed_wei == proven.rate_wei >= before.rate_wei
        left_wei = slashing.backing_wei - slashing.parts.loss_wei
        announced_wei = before.feed_wei * left_wei // slashing.backing_wei
        assert abs(announced.feed_wei - announced_wei) * 1_000 < ETHER
        assert announced.rate_wei > applied.rate_wei == applied.feed_wei > announced.feed_wei
        assert applied.rate_wei < after.rate_wei
        assert all(cause for cause in slashing.refused.values())

    def test_a_liquidator_sells_at_the_old_price_what_it_seized_at_the_new_one(
        self, slashing: Slashing
    ) -> None:
        assert all(each.fetched_wei > each.paid_wei for each in slashing.liquidations)

    def test_a_monitor_says_what_happens_while_it_does(self, slashing: Slashing) -> None:
        before, slashed, proven, announced, applied, after = (
            set(each.alarms) for each in slashing.views
        )
        assert {"peg_off", "feed_off", "slashings_proven", "loss_announced"}.isdisjoint(before)
        assert "peg_off" in slashed
        assert not {"feed_off", "slashings_proven"} & slashed
        assert {"slashings_proven", "feed_off"} <= proven
        assert "loss_announced" not in proven
        assert {"loss_announced", "slashings_proven"} <= announced
        for later in (applied, after):
            assert not {"feed_off", "slashings_proven", "loss_announced", "health_low"} & later
            assert "insurance_small" in later
        assert "insurance_small" not in announced

    def test_what_was_counted_at_once_is_what_the_beacon_chain_takes_in_the_end(
        self, slashing: Slashing
    ) -> None:
        penalties = slashing.penalties
        assert penalties.larger_gwei > 100 * penalties.first_gwei
        assert penalties.left_gwei * 100 < penalties.taken_gwei
        assert abs(penalties.beyond_gwei) * 1_000 < penalties.counted_gwei

    def test_debts_above_the_announced_worth_are_left_to_lenders(self, slashing: Slashing) -> None:
        bad = {each.borrower: each.bad_wei for each in slashing.liquidations}
        assert set(bad) == {DARING, INFORMED}
        assert all(wei > 0 for wei in bad.values())


class TestLoop:
    @pytest.fixture
    def loops(self, lived: Lived) -> Loops:
        found: Loops = lived(LOOP)
        return found

    def test_leverage_multiplies_what_yield_is_above_interest(self, loops: Loops) -> None:
        cheap, dear = loops.loops
        held_wei = loops.held_wei - OWN_WEI
        assert cheap.year_gain_wei > held_wei > 0 > dear.year_gain_wei
        assert cheap.leverage_bps > 50_000
        assert abs(cheap.leverage_bps - dear.leverage_bps) < 100  # interest while they are built

    def test_health_follows_the_feed_that_is_asked(self, loops: Loops) -> None:
        for looped in loops.loops:
            sold, slashed, _ = looped.events
            start = looped.start
            assert abs(sold.health_wad - start.health_wad) < ETHER // 10_000
            assert sold.market_health_wad < ETHER < start.market_health_wad
            assert ETHER < slashed.health_wad < start.health_wad * 98 // 100
            assert slashed.market_health_wad <= slashed.health_wad


class TestYieldSplit:
    def test_principal_and_yield_are_what_was_split(self, lived: Lived) -> None:
        split: YieldSplit = lived(YIELD_SPLIT)
        assert 0 <= split.left_shares <= 3
        assert split.yield_shares > 0
        assert abs(split.principal_shares * split.rate_after_wei // ETHER - split.face) <= 2

    def test_principal_that_was_bought_pays_its_face_whatever_the_chain_pays(
        self, lived: Lived
    ) -> None:
        split: YieldSplit = lived(YIELD_SPLIT)
        assert abs(split.bought_pays_wei - split.bought_face) <= 2
        assert split.bought_for_wei < split.bought_face
        assert split.rate_after_wei > split.rate_before_wei

    def test_wketh_grows_by_what_validators_earned_but_for_the_fee_and_the_last_frames(
        self, lived: Lived
    ) -> None:
        split: YieldSplit = lived(YIELD_SPLIT)
        after_fee = split.earned * (1 - split.fee_bps / BPS)
        late = 2 / split.frames
        assert after_fee * (1 - late) < split.grown < after_fee


class TestRestaking:
    def test_is_borne_by_all_in_the_vault_alike_and_by_nobody_else(self, lived: Lived) -> None:
        found: Restaking = lived(RESTAKING)
        *inside, outside = RESTAKING_PARTIES.values()
        assert found.burned == found.slashed
        assert 0 <= found.rounding <= len(inside)
        assert found.after[outside] == found.before[outside]
        for party in inside:
            assert abs(found.before[party] * 4 // 5 - found.after[party]) <= 2
        assert found.ticket_paid >= found.after[inside[1]]
        assert found.rate_after_wei == found.rate_before_wei


class TestSolo:
    @pytest.fixture
    def solo(self, lived: Lived) -> Solo:
        found: Solo = lived(SOLO)
        return found

    def test_earns_more_alone_by_fee_and_by_what_waits(self, solo: Solo) -> None:
        share = solo.solo_earned_wei * solo.staked_wei // solo.backing_wei
        after_fee_wei = share * (10_000 - solo.fee_bps) // 10_000
        assert solo.keel_earned_wei < solo.solo_earned_wei
        assert all(worth < later for worth, later in pairwise(solo.worths_wei))
        # Income streams for 30 frames at most (STR-3), and earns in turn once it is staked.
        least_wei = after_fee_wei * (FRAMES - 30) // FRAMES
        most_wei = after_fee_wei * (STAKE_WEI + solo.solo_earned_wei) // STAKE_WEI
        assert least_wei < solo.keel_earned_wei < most_wei

    def test_a_risk_costs_less_through_keel(self, solo: Solo) -> None:
        assert all(each.keel_wei < each.solo_wei for each in solo.risks)
        alone, correlated, offline = solo.risks
        assert alone.keel_wei <= 1  # bonds bear it
        assert correlated.keel_wei > 0
        assert offline.keel_wei > 0

    def test_leaving_early_costs_and_a_ticket_pays_all(self, solo: Solo) -> None:
        small, large, instant, ticket, alone = solo.leavings
        assert 0 < small.amount_wei - small.paid_wei < small.amount_wei // 50
        assert large.paid_wei * small.amount_wei < small.paid_wei * large.amount_wei
        assert 0 <= ticket.amount_wei - ticket.paid_wei <= 1
        assert instant.amount_wei < solo.redeemable_wei < large.amount_wei
        assert 0 < instant.amount_wei - instant.paid_wei <= instant.amount_wei * 300 // 10_000
        assert alone.days == ticket.days


def test_the_page_has_the_figures_of_every_story(lived: Lived) -> None:
    told = [(story, story.tell(lived(story))) for story in STORIES]
    assert PAGE.read_text() == page(told)


def test_a_terminal_is_shown_what_the_page_says() -> None:
    parts = ("A **word**.", Grid("Table", ("who", ">ETH"), (("one", "1"), ("two", "2"))))
    assert markdown(parts) == (
        "A **word**.\n\n**Table**\n\n| who | ETH |\n| --- | ---: |\n| one | 1 |\n| two | 2 |"
    )
    screen = Console(width=60)
    with screen.capture() as shown:
        show(parts, screen)
    assert "A word." in shown.get()
    assert "Table" in shown.get()


def test_an_unknown_story_is_named_with_those_that_there_are() -> None:
    answer = CliRunner().invoke(market, ["story", "nothing"])
    assert answer.exit_code == 2
    assert "story 'nothing' is unknown, one of loop, peg, slashing" in answer.output


def test_every_chart_is_drawn_anew_from_a_story_s_figures(lived: Lived, tmp_path: Path) -> None:
    parts = (part for story in STORIES for part in story.tell(lived(story)))
    charts = [part for part in parts if isinstance(part, Chart)]
    assert len({chart.name for chart in charts}) == len(charts) >= 3
    for chart in charts:
        assert all(len(line.xs) == len(line.ys) > 1 for line in chart.lines)
        (tmp_path / f"{chart.name}.png").write_text("of an earlier run")
        assert draw(chart, tmp_path).read_bytes().startswith(b"\x89PNG")
