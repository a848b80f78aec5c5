"""Attacks on those who lend by a price of wkETH, with the real systems; rows of tests/incidents.

A naive feed loses first, Keel's next to it does not. Where Keel's pieces do not resist either, the
test says who pays, and docs/market_design.md that it is left open.
"""

import pytest

from keel.chain.clock import jump
from keel.market.feeds import LEAST_LIQUIDITY, WINDOW_SECONDS, market_feed_of, rate_feed_of
from keel.market.morpho import INTEREST_PER_SECOND_WAD, LLTV_WAD
from keel.market.uniswap import pool_of
from keel.model.constants import ETHER, GWEI
from tests.causes import fails, says
from tests.market.arena import ATTACKER, DEBT_PARTS, LOOSE_WEI, Arena
from tests.unit.contracts.hands import as_contract

TENTH = 10
FIRST_SALE = 75 * ETHER
"""Just enough for the boldest borrower; what is seized of it does the rest."""

MOST_SECONDS = 120
"""Ten blocks of a test."""


def lose_a_tenth(arena: Arena) -> None:
    """Announce a loss, and apply it a frame later."""
    totals = arena.stage.keel.vault.totals()
    loss_wei = totals.assetsWei // TENTH // GWEI * GWEI
    for _ in range(2):
        arena.stage.world.report(change_wei=-loss_wei)


class TestSpotPrice:
    """Row 44: one trade moves the price that a lender asks for."""

    def test_44_a_price_that_is_pushed_up_empties_a_lender_that_believes_it(
        self, arena: Arena
    ) -> None:
        before_wei = arena.worth_wei(ATTACKER)
        arena.buy_on_uniswap(150 * ETHER)
        free_wei = arena.lendings["spot"].free_wei()
        assert arena.borrow_all("spot", 1) == free_wei - LOOSE_WEI > 70 * ETHER
        owed_wei = arena.lendings["spot"].position(ATTACKER).debt_wei
        assert arena.worth_wei(ATTACKER) + owed_wei > before_wei + 60 * ETHER

    @pytest.mark.parametrize("feed", ["rate", "market"])
    def test_44_nobody_lends_more_than_the_rate_for_it(self, arena: Arena, feed: str) -> None:
        arena.buy_on_uniswap(80 * ETHER)
        rate_wei, units = arena.stage.rate_wei(), 10 * ETHER
        borrowed_wei = arena.borrow_all(feed, units)
        assert borrowed_wei <= units * rate_wei // ETHER * LLTV_WAD // ETHER
        with says("insufficient collateral"):
            arena.lendings[feed].borrow(ATTACKER, ETHER)

    def test_44_a_price_that_is_pushed_down_takes_healthy_collateral_of_a_naive_lender(
        self, arena: Arena
    ) -> None:
        """Nobody who owes 80 % is in danger by the rate. The price comes back within the block."""
        lending, before_wei = arena.lendings["spot"], arena.worth_wei(ATTACKER)
        assert lending.health_wad("holder") > ETHER * 11 // 10
        sold = 140 * ETHER
        got_wei = arena.sell_on_uniswap(sold)
        collateral = lending.position("holder").units
        lending.liquidate("holder", ATTACKER, seized=collateral)
        arena.buy_on_uniswap(got_wei)
        assert arena.worth_wei(ATTACKER) > before_wei + 7 * ETHER

    @pytest.mark.parametrize("feed", ["rate", "market"])
    def test_44_it_takes_nothing_by_keel_s_feeds(self, arena: Arena, feed: str) -> None:
        lending, before = arena.lendings[feed], arena.lendings[feed].price_wei()
        arena.sell_on_uniswap(30 * ETHER)
        fallen = arena.lendings["spot"].price_wei()
        assert fallen < before * 985 // 1_000
        assert lending.price_wei() > before * 999 // 1_000  # one slot of the window at most
        with says("position is healthy"):
            lending.liquidate("redeemer", ATTACKER, seized=ETHER)

    def test_44_whoever_holds_a_price_down_for_the_window_sells_out_the_boldest(
        self, arena: Arena
    ) -> None:
        """FED-6, left open: nobody trades against it here, so it costs two fees and the slippage is
        bought back. The rate feed does not look."""
        stage, lending = arena.stage, arena.lendings["market"]
        before_wei = arena.worth_wei(ATTACKER)
        sold = 60 * ETHER
        got_wei = arena.sell_on_uniswap(sold)
        jump(stage.rpc, WINDOW_SECONDS)
        assert lending.health_wad("holder") > ETHER  # who left a tenth is safe
        with says("position is healthy"):
            arena.lendings["rate"].liquidate("redeemer", ATTACKER, seized=ETHER)
        lending.liquidate("redeemer", ATTACKER)
        arena.buy_on_uniswap(got_wei)
        gained_wei = arena.worth_wei(ATTACKER) - before_wei
        assert 0 < gained_wei < ETHER

    def test_44_a_pool_that_nobody_holds_has_no_price_rather_than_a_cheap_one(
        self, arena: Arena
    ) -> None:
        """FED-7: beyond all positions a price costs nothing to move, so it is refused."""
        arena.sell_on_uniswap(200 * ETHER)
        jump(arena.stage.rpc, WINDOW_SECONDS)
        with fails("MarketTooThin", liquidity=1, least=LEAST_LIQUIDITY):
            market_feed_of(arena.stage.site).function("latestRoundData")()


class TestDonations:
    """Row 45: what is sent to a contract moves no price that anybody lends by."""

    def test_45_nothing_sent_to_wketh_or_a_pool_moves_a_price(self, arena: Arena) -> None:
        stage, stable = arena.stage, arena.pools.stable
        attacker = stage.who(ATTACKER)
        stage.keel.vault.deposit.send(attacker, attacker, sender=attacker, value_wei=50 * ETHER)

        def prices() -> tuple[int, ...]:
            feeds = (rate_feed_of(stage.site), market_feed_of(stage.site))
            answers = (int(feed.function("latestRoundData")().answer) for feed in feeds)
            pools = (stable.spotPrice(), stable.virtualPrice(), arena.pools.uniswap_price_wad())
            return (*answers, *pools, stage.rate_wei())

        before = prices()
        shares, wrapped = stage.keel.vault.sharesOf(attacker), stage.keel.wrapped
        with fails("ERC20InvalidReceiver", receiver=wrapped.address):
            stage.keel.vault.transferShares.send(wrapped.address, shares, sender=attacker)
        with fails("ERC20InvalidReceiver", receiver=wrapped.address):
            wrapped.transfer.send(wrapped.address, ETHER, sender=attacker)
        for token in (wrapped, stage.weth):
            for pool in (stable, pool_of(stage.site)):
                token.function("transfer").send(pool.address, 20 * ETHER, sender=attacker)
        assert prices() == before

    def test_45_nobody_makes_itself_liquidable_by_a_gift(self, arena: Arena) -> None:
        """Self-liquidation pays where a gift moves the price: the liquidator's premium is taken
        from lenders. Here the gift is gone and the position is as healthy as before."""
        stage, lending = arena.stage, arena.lendings["rate"]
        lending.bring(ATTACKER, 20 * ETHER)
        lending.borrow(ATTACKER, 18 * ETHER)
        health = lending.health_wad(ATTACKER)
        for pool in (pool_of(stage.site), arena.pools.stable):
            stage.keel.wrapped.transfer.send(pool.address, 50 * ETHER, sender=stage.who(ATTACKER))
        assert lending.health_wad(ATTACKER) == health
        arena.stage.wrap_ether("stranger", 2 * ETHER)
        with says("position is healthy"):
            lending.liquidate(ATTACKER, "stranger", seized=ETHER)


class TestParFeed:
    """A feed that says that a wkETH is worth what it always was."""

    def test_43_after_a_loss_it_buys_what_nobody_else_would(self, arena: Arena) -> None:
        """By the naive feed debts are above their worth and healthy, and the next borrower leaves
        more: to the wei, what the attacker gains the lenders lose."""
        lose_a_tenth(arena)
        par, rate_wei = arena.lendings["par"], arena.stage.rate_wei()
        bold = par.position("redeemer")
        par.accrue()
        assert par.health_wad("redeemer") > ETHER
        bad_wei = bold.debt_wei - bold.units * rate_wei // ETHER
        assert bad_wei > ETHER // 10
        before_wei = arena.worth_wei(ATTACKER)
        borrowed_wei = arena.borrow_all("par", 20 * ETHER)
        assert borrowed_wei > 20 * rate_wei
        left_wei = borrowed_wei - 20 * rate_wei
        walked_away_wei = arena.worth_wei(ATTACKER) + left_wei - before_wei
        interest_wei = borrowed_wei * INTEREST_PER_SECOND_WAD // ETHER * MOST_SECONDS
        assert left_wei - interest_wei <= walked_away_wei <= left_wei

    def test_43_keel_s_feeds_follow_the_announcement(self, arena: Arena) -> None:
        """FED-2: before it is applied, and even for readers that never ask whether it is fresh."""
        totals = arena.stage.keel.vault.totals()
        loss_wei = totals.assetsWei // TENTH // GWEI * GWEI
        arena.stage.world.report(change_wei=-loss_wei)
        arena.lendings["par"].accrue()
        assert arena.lendings["par"].health_wad("redeemer") > ETHER
        for feed in ("rate", "market"):
            lending = arena.lendings[feed]
            lending.accrue()
            assert lending.health_wad("redeemer") < ETHER
            collateral = lending.position("redeemer").units
            lending.liquidate("redeemer", ATTACKER, seized=collateral)


class TestStaleFeed:
    """A feed that says that it is not fresh, to lenders that do not look."""

    def test_43_between_a_slashing_and_its_announcement_lenders_pay(self, arena: Arena) -> None:
        """LND-1, left open: Morpho lends at the whole rate on a feed that is not fresh. What a
        borrower then owes beyond its worth is bad debt, to the wei, until the loss is announced."""
        stage, lending, units = arena.stage, arena.lendings["rate"], 20 * ETHER
        jump(stage.rpc, 1)
        registry = as_contract(stage.keel.registry)
        stage.keel.vault.noteSlashing.send(64 * ETHER // GWEI, stage.now(), sender=registry)
        found = rate_feed_of(stage.site).function("latestRoundData")()
        assert found.updatedAt == 0
        borrowed_wei = arena.borrow_all("rate", units)
        limit_wei = units * found.answer // ETHER * LLTV_WAD // ETHER
        assert limit_wei * 999 // 1_000 < borrowed_wei <= limit_wei
        loss_wei = stage.keel.vault.totals().assetsWei // TENTH // GWEI * GWEI
        stage.world.report(change_wei=-loss_wei)
        fallen_wei = rate_feed_of(stage.site).function("latestAnswer")()
        lending.accrue()
        owed_wei, worth_wei = lending.position(ATTACKER).debt_wei, units * fallen_wei // ETHER
        assert owed_wei - worth_wei > units * 3 // 100
        assert lending.short_wei([ATTACKER], lambda held: held * fallen_wei // ETHER) == (
            owed_wei - worth_wei
        )
        with says("insufficient collateral"):
            lending.borrow(ATTACKER, 1)


class TestCascade:
    """Row 43: each sale of collateral lowers the price for the next one."""

    def fall(self, arena: Arena, feed: str) -> dict[str, int]:
        """Let the attacker liquidate and sell what it got; returns the debts that it closed."""
        stage, lending, closed = arena.stage, arena.lendings[feed], {}
        for _ in range(6):
            jump(stage.rpc, WINDOW_SECONDS)
            lending.accrue()
            for name in DEBT_PARTS:
                found = lending.position(name)
                if found.debt_wei and lending.health_wad(name) < ETHER:
                    closed[name] = found.debt_wei
                    arena.sell_on_uniswap(lending.liquidate(name, ATTACKER).units)
        return closed

    def test_43_a_market_price_sells_out_one_after_another_without_bad_debt(
        self, arena: Arena
    ) -> None:
        lending = arena.lendings["market"]
        supplied_wei = lending.free_wei() + sum(
            lending.position(name).debt_wei for name in DEBT_PARTS
        )
        arena.sell_on_uniswap(FIRST_SALE)
        closed = self.fall(arena, "market")
        assert set(closed) == {"redeemer", "underwriter"}
        left_wei = lending.free_wei() + lending.position("holder").debt_wei
        assert left_wei >= supplied_wei

    def test_43_the_rate_sells_out_nobody(self, arena: Arena) -> None:
        arena.sell_on_uniswap(FIRST_SALE)
        assert self.fall(arena, "rate") == {}
