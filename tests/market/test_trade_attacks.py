"""Attacks by trades around wkETH, with the real systems; rows of tests/incidents/README.md.

Sandwiches through pools, and all doors in one transaction. Where the pools do not resist, the test
says who pays, and docs/market_design.md that it is left open.
"""

from collections.abc import Mapping
from itertools import product

import pytest
from ape.contracts import ContractContainer

from keel.chain.contract import Contract
from keel.chain.revert import Reverted
from keel.market.morpho import morpho_of
from keel.market.uniswap import router_of
from keel.model.constants import ETHER, GWEI
from tests.market.arena import ATTACKER, Arena, place

DOORS = ("stake", "redeem", "sell stable", "buy stable", "sell uniswap", "buy uniswap", "borrow")
LOAN_WEI = 120 * ETHER
OWN_WEI = 20 * ETHER
TRADED = 50 * ETHER


class TestSandwiches:
    """Rows 17 to 19, through pools."""

    def test_19_income_is_no_step_so_nobody_gains_by_buying_just_before_a_report(
        self, arena: Arena
    ) -> None:
        """STR-2: a report moves the rate by nothing, and each pool takes its fee twice."""
        stage = arena.stage
        stage.world.await_report()
        before_wei, wei = stage.ether_wei(ATTACKER), TRADED
        units = arena.pools.buy(ATTACKER, wei)
        stage.earn_frame()
        arena.pools.sell(ATTACKER, units)
        assert stage.ether_wei(ATTACKER) < before_wei - wei * 4 // 10_000

    def test_19_a_write_down_is_paid_by_those_who_hold_the_pool(self, arena: Arena) -> None:
        """POL-11, left open: whoever knows of a loss that needs no announcement sells before it and
        buys back after. It saves less than the loss of what it sold, and the pools pay that."""
        stage = arena.stage
        allowance_wei = stage.keel.vault.lossAllowanceWei()
        stage.world.await_report()
        units, rate_wei = TRADED, stage.rate_wei()
        sold_wei = arena.pools.sell(ATTACKER, units)
        loss_wei = allowance_wei * 9 // 10 // GWEI * GWEI
        stage.world.report(change_wei=-loss_wei)
        fallen_wei = units * (rate_wei - stage.rate_wei()) // ETHER
        bought = arena.pools.buy(ATTACKER, sold_wei)
        saved_wei = (bought - units) * stage.rate_wei() // ETHER
        assert 0 < saved_wei < fallen_wei

    def test_an_instant_redemption_cannot_be_squeezed(self, arena: Arena) -> None:
        """The attacker redeems first, so the victim pays more or, by its minimum, nothing; it pays
        the fee itself, which goes to the fund, and cannot have it back."""
        stage, instant = arena.stage, arena.stage.keel.instant
        attacker, victim = stage.who(ATTACKER), stage.who("stranger")
        for who in (attacker, victim):
            stage.keel.vault.deposit.send(who, who, sender=who, value_wei=40 * ETHER)
        shares = stage.keel.vault.sharesOf(victim) // 2
        expected_wei, _ = instant.previewRedeem(shares)
        own = stage.keel.vault.sharesOf(attacker)
        worth_wei = stage.ether_wei(ATTACKER) + stage.keel.vault.balanceOf(attacker)
        instant.redeem.send(own, attacker, 0, sender=attacker)
        with pytest.raises(Reverted):
            instant.redeem.send(shares, victim, expected_wei, sender=victim)
        stage.keel.vault.deposit.send(attacker, attacker, sender=attacker, value_wei=39 * ETHER)
        after_wei = stage.ether_wei(ATTACKER) + stage.keel.vault.balanceOf(attacker)
        assert after_wei < worth_wei


class TestFlashLoan:
    """All doors in one transaction, with more than any of them holds."""

    @pytest.fixture
    def doors(self, arena: Arena, test_contracts: Mapping[str, ContractContainer]) -> Contract:
        stage = arena.stage
        places = (
            stage.keel.vault,
            stage.keel.wrapped,
            stage.keel.instant,
            stage.weth,
            arena.pools.stable,
            router_of(stage.site),
            morpho_of(stage.site),
        )
        found = place(
            stage,
            test_contracts,
            "TestFlashDoors",
            tuple(each.address for each in places),
            arena.lendings["rate"].params,
        )
        attacker = stage.who(ATTACKER)
        for token in (stage.weth, stage.keel.wrapped):
            token.function("transfer").send(found.address, OWN_WEI, sender=attacker)
        return found

    def test_no_way_through_three_doors_leaves_more_than_was_brought(
        self, arena: Arena, doors: Contract
    ) -> None:
        """Every sequence is tried; what it has in the end is counted at the rate."""
        rate_wei = arena.stage.rate_wei()
        brought_wei = OWN_WEI + OWN_WEI * rate_wei // ETHER
        left_wei = {}
        attack = doors.function("attack")
        for length in (1, 2, 3):
            for way in product(range(len(DOORS)), repeat=length):
                try:
                    end = attack(LOAN_WEI, list(way), sender=arena.stage.who(ATTACKER))
                except Reverted:
                    continue  # the loan cannot be paid back, or a door has not so much
                worth_wei = (end.units + end.collateralUnits) * rate_wei // ETHER
                left_wei[way] = end.wethWei + worth_wei - end.debtWei
        assert len(left_wei) > 50
        assert {DOORS[way[0]] for way in left_wei} == set(DOORS)
        best = max(left_wei, key=lambda way: left_wei[way])
        assert left_wei[best] <= brought_wei, [DOORS[step] for step in best]

    def test_a_pool_away_from_its_rate_is_what_it_takes_and_no_door_beside_it(
        self, arena: Arena, doors: Contract
    ) -> None:
        """The same search finds a gain where there is one: a large sale left the pools cheap."""
        arena.sell_on_uniswap(70 * ETHER)
        stage = arena.stage
        way = [DOORS.index("buy uniswap"), DOORS.index("redeem")]
        end = doors.function("attack")(20 * ETHER, way, sender=stage.who(ATTACKER))
        assert arena.pools.best_purchase(ETHER) > ETHER
        assert end.units == 0
        assert end.wethWei > OWN_WEI + OWN_WEI * stage.rate_wei() // ETHER
