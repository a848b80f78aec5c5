"""Pools that lenders and traders believe: StablePool beside naive prices, with its own tokens.

Rows 19, 44 and 45. What StablePool does not resist is computed to the wei, with who pays. The
same on real markets of others is in tests/market/test_price_attacks.py and test_trade_attacks.py.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import pytest
from ape.contracts import ContractContainer

from keel.chain.clock import jump
from keel.chain.contract import Contract, deploy
from keel.chain.rpc import RpcClient
from keel.deploy.artifacts import Artifacts, artifact_named
from keel.model.constants import ETHER
from keel.model.market.stable_pool import RATE_UNIT
from tests.causes import fails
from tests.deployment import Actors
from tests.unit.contracts.hands import undone
from tests.unit.market.pools import ALL, PLENTY, PoolStage, staged

SIDE_WEI = 1_000 * ETHER
WINDOW = 600
LEAST_WEI = 500 * ETHER
SLOT = 12
LENT_WEI = 10_000 * ETHER
FEE_PER_MILLION = 400


class Reading(IntEnum):
    """What TestNaivePrices looks at."""

    SPOT = 0
    SHARE = 1
    BALANCES = 2


@dataclass(frozen=True)
class Market:
    """A pool with 1,000 ether of each coin at par, and its mean price."""

    stage: PoolStage
    price: Contract
    place: Callable[..., Contract]

    @property
    def thief(self) -> str:
        """Who trades and borrows."""
        return self.stage.trader

    def naive_price(self, reading: Reading, pool: str) -> Contract:
        """A price of the moment."""
        tokens = (self.stage.wrapped.address, self.stage.weth.address)
        return self.place("TestNaivePrices", int(reading), pool, *tokens)

    def lender(self, collateral: str, price: Contract) -> Contract:
        """Who believes a price, with WETH to lend."""
        weth = self.stage.weth
        lender = self.place("TestNaiveLender", collateral, weth.address, price.address)
        weth.function("mint").send(lender.address, LENT_WEI, sender=self.stage.other)
        return lender

    def bring(self, lender: Contract, units: int) -> None:
        """Let the thief bring wkETH."""
        approve = self.stage.wrapped.function("approve")
        approve.send(lender.address, units, sender=self.thief)
        lender.function("bring").send(units, sender=self.thief)

    def worth_wei(self, rate_ray: int = RATE_UNIT) -> int:
        """What the thief has, wkETH by a rate."""
        units, weth_wei = self.stage.held_by(self.thief)
        return units * rate_ray // RATE_UNIT + weth_wei

    def pool_worth_wei(self, rate_ray: int = RATE_UNIT) -> int:
        """What the pool's holders have, by a rate."""
        units, weth_wei = self.stage.pool.reserves()
        return units * rate_ray // RATE_UNIT + weth_wei


@pytest.fixture
def market(
    chain_rpc: RpcClient,
    artifacts: Artifacts,
    actors: Actors,
    test_contracts: dict[str, ContractContainer],
) -> Market:
    stage = staged(chain_rpc, artifacts, actors, test_contracts, fee_per_million=FEE_PER_MILLION)
    stage.add(SIDE_WEI, SIDE_WEI)

    def place(name: str, *arguments: Any) -> Contract:
        compiled = test_contracts[name].contract_type
        code = bytes(compiled.get_deployment_bytecode() or b"")
        abi = [entry.model_dump(mode="json", by_alias=True) for entry in compiled.abi]
        return deploy(chain_rpc, abi, code, *arguments, sender=stage.other)[0]

    artifact = artifact_named(artifacts, "StablePrice")
    arguments = (stage.pool.address, WINDOW, LEAST_WEI)
    price, _ = deploy(
        chain_rpc, artifact.abi, artifact.creation_code, *arguments, sender=stage.other
    )
    price.function("record").send(sender=stage.other)
    jump(chain_rpc, WINDOW)
    return Market(stage, price, place)


def test_44_one_trade_moves_the_price_that_a_lender_reads(market: Market) -> None:
    """By `spotPrice` the lender is emptied within a block; by StablePrice nothing is gained."""
    stage, collateral = market.stage, 100 * ETHER
    spot = market.naive_price(Reading.SPOT, stage.pool.address)
    by_spot = market.lender(stage.wrapped.address, spot)
    by_mean = market.lender(stage.wrapped.address, market.price)
    before_wei = market.worth_wei()
    for lender in (by_spot, by_mean):
        market.bring(lender, collateral)
    had_units, _ = stage.held_by(market.thief)
    stage.exchange(False, 2 * SIDE_WEI)
    limit_wei = by_spot.function("mostOf")(market.thief)
    assert limit_wei > 10 * collateral
    with undone(stage.rpc):
        by_spot.function("borrow").send(min(limit_wei, LENT_WEI), sender=market.thief)
        stage.exchange(True, stage.held_by(market.thief)[0] - had_units)
        assert market.worth_wei() > before_wei + 5 * collateral

    most_wei = collateral * 9 // 10
    with fails("TooMuch", owedWei=most_wei + 1, mostWei=most_wei):
        by_mean.function("borrow").send(most_wei + 1, sender=market.thief)
    by_mean.function("borrow").send(most_wei, sender=market.thief)
    stage.exchange(True, stage.held_by(market.thief)[0] - had_units)
    assert market.worth_wei() + 2 * collateral - most_wei < before_wei


def test_44_what_it_costs_to_hold_the_mean_down_for_a_window(market: Market) -> None:
    """Left open: while nobody trades against it, the fee there and back, which holders of shares
    get. One who does makes it all of the discount, and the mean moves by a slot of the window."""
    stage, sold = market.stage, 900 * ETHER
    before_wei, par_wei = market.worth_wei(), market.price.function("price")()
    had_units, had_weth = stage.held_by(market.thief)
    assert par_wei == ETHER
    with undone(stage.rpc):
        stage.exchange(True, sold)
        low_wei = stage.pool.spotPrice()
        assert low_wei < ETHER * 98 // 100
        jump(stage.rpc, 2 * WINDOW)
        market.price.function("record").send(sender=stage.other)
        jump(stage.rpc, WINDOW)
        assert abs(market.price.function("price")() - low_wei) <= 1
        stage.exchange(False, stage.held_by(market.thief)[1] - had_weth)
        cost_wei = before_wei - market.worth_wei()
        assert sold * 3 // 4_000 < cost_wei < sold // 1_000
        assert market.pool_worth_wei() == 2 * SIDE_WEI + cost_wei

    stage.exchange(True, sold)
    got_wei = stage.held_by(market.thief)[1] - had_weth
    jump(stage.rpc, SLOT)
    token, holder = stage.weth.address, stage.holder
    stage.pool.exchange.send(token, got_wei, 0, holder, ALL, sender=holder)
    jump(stage.rpc, WINDOW - 2 * SLOT)
    discount_wei = ETHER - low_wei
    assert ETHER - market.price.function("price")() < discount_wei * 3 * SLOT // (2 * WINDOW)
    assert stage.held_by(market.thief)[0] == had_units - sold
    lost_wei = sold - got_wei
    assert lost_wei > 5 * cost_wei


def test_45_a_gift_to_the_pool_moves_the_price_by_what_it_holds(market: Market) -> None:
    """The thief gains to the wei what the naive lender loses beyond the gift. By the pool's own
    numbers nothing moves, and the gift is nobody's."""
    stage, collateral, gift_wei = market.stage, 2_000 * ETHER, 500 * ETHER
    balances = market.naive_price(Reading.BALANCES, stage.pool.address)
    by_balances = market.lender(stage.wrapped.address, balances)
    by_mean = market.lender(stage.wrapped.address, market.price)
    before_wei = market.worth_wei()

    def told() -> list[Any]:
        names = ("reserves", "invariantWei", "virtualPrice", "spotPrice")
        numbers: list[Any] = [stage.pool.function(name)() for name in names]
        return [*numbers, market.price.function("price")()]

    was = told()
    stage.weth.function("transfer").send(stage.pool.address, gift_wei, sender=market.thief)
    with undone(stage.rpc):
        market.bring(by_balances, collateral)
        owed_wei = by_balances.function("mostOf")(market.thief)
        by_balances.function("borrow").send(owed_wei, sender=market.thief)
        assert market.worth_wei() - before_wei == owed_wei - collateral - gift_wei == 200 * ETHER

    assert told() == was
    market.bring(by_mean, collateral)
    most_wei = collateral * 9 // 10
    with fails("TooMuch", owedWei=most_wei + 1, mostWei=most_wei):
        by_mean.function("borrow").send(most_wei + 1, sender=market.thief)
    shares = stage.pool.balanceOf(stage.holder)
    units, weth_wei = stage.pool.previewRemoveLiquidity(shares)
    assert units <= SIDE_WEI
    assert weth_wei <= SIDE_WEI


def test_44_a_share_is_read_in_the_middle_of_a_withdrawal(market: Market) -> None:
    """Read-only reentrancy: shares are burnt and only the first coin is paid, so a share seems to
    be worth twice as much. StablePool does not answer then."""
    stage, brought, removed = market.stage, 1_000 * ETHER, 7_000 * ETHER
    wanted_wei = brought * 18 // 10
    tokens = [stage.wrapped.address, stage.weth.address]
    naive = market.place("TestNaivePool", tokens)
    for token in (stage.wrapped, stage.weth):
        token.function("approve").send(naive.address, ALL, sender=stage.holder)
    naive.function("add").send(SIDE_WEI, sender=stage.holder)
    own = 4 * SIDE_WEI
    for pool, adding, removing in (
        (naive, naive.function("add").encode(own), naive.function("remove").encode(removed)),
        (stage.pool, None, None),
    ):
        price = market.naive_price(Reading.SHARE, pool.address)
        lender = market.lender(pool.address, price)
        thief = market.place("TestReentrantBorrower", pool.address, lender.address, tokens)
        for token in (stage.wrapped, stage.weth):
            token.function("mint").send(thief.address, PLENTY, sender=stage.other)
        add = adding or stage.pool.addLiquidity.encode(own, own, 0, thief.address, ALL)
        remove = removing or stage.pool.removeLiquidity.encode(removed, 0, 0, thief.address, ALL)
        thief.function("act").send(add, sender=stage.other)
        thief.function("bring").send(brought, sender=stage.other)
        stage.wrapped.function("tell").send(thief.address, sender=stage.other)
        thief.function("want").send(wanted_wei, sender=stage.other)
        thief.function("act").send(remove, sender=stage.other)
        assert thief.function("gotWei")() == (wanted_wei if pool is naive else 0)
        if pool is naive:
            left_wei = wanted_wei - brought * price.function("price")() // ETHER
            assert left_wei == 800 * ETHER  # which the lender lost
        else:
            assert thief.function("refusal")() == b""
            thief.function("want").send(brought * 8 // 10, sender=stage.other)
            stage.wrapped.function("transfer").send(thief.address, 1, sender=stage.holder)
            assert thief.function("gotWei")() == brought * 8 // 10


@pytest.mark.parametrize("fallen_bps", [0, 100, 1_000])
def test_19_a_write_down_that_a_seller_foresees_is_paid_by_the_shares(
    market: Market, fallen_bps: int
) -> None:
    """POL-11, left open: what the seller saves the holders of shares lose, to a wei a trade. It is
    never more than what the sold wkETH loses, and without a loss it is the two fees' price."""
    stage, sold = market.stage, 400 * ETHER
    rate_ray = RATE_UNIT * (10_000 - fallen_bps) // 10_000
    _, had_weth = stage.held_by(market.thief)
    was_wei, held_wei = market.worth_wei(rate_ray), market.pool_worth_wei(rate_ray)
    stage.exchange(True, sold)
    stage.set_rate(rate_ray)
    stage.exchange(False, stage.held_by(market.thief)[1] - had_weth)
    gained_wei = market.worth_wei(rate_ray) - was_wei
    assert abs(gained_wei + market.pool_worth_wei(rate_ray) - held_wei) <= 2
    fallen_wei = sold * fallen_bps // 10_000
    assert gained_wei < fallen_wei
    if fallen_bps == 0:
        assert -sold // 1_000 < gained_wei < -sold * 3 // 4_000
    else:
        assert gained_wei > fallen_wei * 8 // 10


def test_17_a_report_that_is_a_step_is_sandwiched_and_one_that_is_none_is_not(
    market: Market,
) -> None:
    """A token whose report raises its rate at once pays whoever bought in the pool before it.
    Keel's income is no step (STR-2): the same trades cost both fees."""
    stage, paid_wei = market.stage, 400 * ETHER
    for raised_bps in (50, 0):
        rate_ray = RATE_UNIT * (10_000 + raised_bps) // 10_000
        with undone(stage.rpc):
            had_units, _ = stage.held_by(market.thief)
            before_wei = market.worth_wei(rate_ray)
            stage.exchange(False, paid_wei)
            stage.set_rate(rate_ray)
            stage.exchange(True, stage.held_by(market.thief)[0] - had_units)
            gained_wei = market.worth_wei(rate_ray) - before_wei
        if raised_bps:
            assert gained_wei > paid_wei * 40 // 10_000
        else:
            assert -paid_wei // 1_000 < gained_wei < -paid_wei * 3 // 4_000
