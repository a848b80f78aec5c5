"""The pool's calls one by one: what each pays, logs and refuses."""

from collections.abc import Iterable

import ape
import pytest

from keel.chain.abi import AbiEntry
from keel.chain.clock import now
from keel.deploy.artifacts import Artifacts, artifact_named
from keel.model.constants import ETHER
from keel.model.market.stable_curve import MOST_WEI
from keel.model.market.stable_pool import (
    FIRST_LEAST_WEI,
    LOCKED_SHARES,
    RATE_UNIT,
)
from tests.causes import fails
from tests.unit.contracts.hands import undone
from tests.unit.market.pools import ALL, PoolStage, deployed_pool, model_of


@pytest.fixture
def full(stage: PoolStage) -> PoolStage:
    """1,000 of each coin, a wkETH worth 1.1 ether."""
    stage.set_rate(11 * RATE_UNIT // 10)
    stage.add(1_000 * ETHER, 1_100 * ETHER)
    return stage


class TestExchange:
    @pytest.mark.parametrize("is_wrapped_in", [True, False])
    def test_pays_by_the_rate_less_fee_and_curve(
        self, full: PoolStage, is_wrapped_in: bool
    ) -> None:
        """POL-4: ten ether's worth of 2,200 in balance lose the fee and next to nothing."""
        amount_in, par = 10 * ETHER, 11 * ETHER
        if not is_wrapped_in:
            amount_in, par = par, amount_in
        expected = model_of(full.pool).exchange(11 * RATE_UNIT // 10, 0, is_wrapped_in, amount_in)
        before = full.held_by(full.trader)
        receipt = full.exchange(is_wrapped_in, amount_in)
        after = full.held_by(full.trader)
        given, taken = (0, 1) if is_wrapped_in else (1, 0)
        assert before[given] - after[given] == amount_in
        assert after[taken] - before[taken] == expected.amount_out
        assert 9_994 <= expected.amount_out * 10_000 // par <= 9_996
        (event,) = full.pool.events(receipt, "Exchange")
        assert event.inputs == {
            "caller": full.trader,
            "receiver": full.trader,
            "isWrappedIn": is_wrapped_in,
            "amountIn": amount_in,
            "amountOut": expected.amount_out,
            "feeWei": expected.fee_wei,
        }

    def test_the_fee_stays_with_the_shares(self, full: PoolStage) -> None:
        """POL-1 and POL-4: all of it, rounded up, and nothing besides."""
        before_wei = full.pool.invariantWei()
        receipt = full.exchange(True, 10 * ETHER)
        (event,) = full.pool.events(receipt, "Exchange")
        gross_wei = event.inputs["amountOut"] + event.inputs["feeWei"]
        assert event.inputs["feeWei"] == -(-gross_wei * 400 // 10**6)
        gained_wei = full.pool.invariantWei() - before_wei
        assert abs(gained_wei - event.inputs["feeWei"]) < event.inputs["feeWei"] // 100

    def test_pays_its_minimum_and_not_less(self, full: PoolStage) -> None:
        """POL-4: the amount is paid when it is the minimum, and refused one above."""
        pool, token = full.pool, full.wrapped.address
        least = pool.previewExchange(token, ETHER)
        with fails("BelowMinimum", amount=least, minimum=least + 1):
            pool.exchange.send(token, ETHER, least + 1, full.trader, ALL, sender=full.trader)
        pool.exchange.send(token, ETHER, least, full.trader, ALL, sender=full.trader)

    def test_never_pays_nothing(self, full: PoolStage) -> None:
        """POL-4: neither for nothing nor for what is worth less than a wei after the fee."""
        for amount in (0, 1):
            with fails("BelowMinimum", amount=0, minimum=1):
                full.exchange(True, amount)
        full.exchange(True, 3)

    @pytest.mark.parametrize("is_wrapped_in", [True, False])
    def test_pays_nothing_for_nothing_far_from_balance_either(
        self, full: PoolStage, is_wrapped_in: bool
    ) -> None:
        """POL-4: there a wei of D, which is rounded down, is many wei of the coin in plenty."""
        few, plenty = ETHER + 1, 10**6 * ETHER
        full.set_rate(RATE_UNIT)
        full.set_reserves(*((few, plenty) if is_wrapped_in else (plenty, few)))
        with fails("BelowMinimum", amount=0, minimum=1):
            full.exchange(is_wrapped_in, 0)
        full.exchange(is_wrapped_in, 1)

    def test_pays_whom_the_caller_names(self, full: PoolStage) -> None:
        """POL-4."""
        token, out = full.wrapped.address, full.pool.previewExchange(full.wrapped.address, ETHER)
        full.pool.exchange.send(token, ETHER, 0, full.other, ALL, sender=full.trader)
        assert full.held_by(full.other) == (0, out)

    def test_knows_two_tokens(self, full: PoolStage) -> None:
        """POL-4: a third is named."""
        with fails("NotInPool", token=full.other):
            full.pool.exchange.send(full.other, 1, 0, full.trader, ALL, sender=full.trader)
        with fails("NotInPool", token=full.other):
            full.pool.removeLiquidityOneCoin.send(
                1, full.other, 0, full.holder, ALL, sender=full.holder
            )

    @pytest.mark.parametrize("is_wrapped_in", [True, False])
    def test_fills_the_pool_to_its_bound(self, full: PoolStage, is_wrapped_in: bool) -> None:
        """POL-2: to the wei; 2^84 wei fit and one more does not."""
        full.set_rate(RATE_UNIT)
        held = full.pool.reserves()[0 if is_wrapped_in else 1]
        with fails("PoolTooLarge", reserveWei=MOST_WEI + 1, mostWei=MOST_WEI):
            full.exchange(is_wrapped_in, MOST_WEI + 1 - held)
        full.exchange(is_wrapped_in, MOST_WEI - held)


class TestDeadlines:
    def test_each_call_that_moves_coins_has_one(self, full: PoolStage) -> None:
        """POL-4: the last second counts, the next does not."""
        pool, wrapped = full.pool, full.wrapped.address
        time = now(full.rpc)
        for act in (
            lambda end: pool.exchange(wrapped, ETHER, 0, full.trader, end, sender=full.trader),
            lambda end: pool.addLiquidity(ETHER, 0, 0, full.holder, end, sender=full.holder),
            lambda end: pool.removeLiquidity(ETHER, 0, 0, full.holder, end, sender=full.holder),
            lambda end: pool.removeLiquidityOneCoin(
                ETHER, wrapped, 0, full.holder, end, sender=full.holder
            ),
        ):
            act(time + 100)
            with fails("DeadlinePassed", deadline=time - 1, nowTime=now(full.rpc)):
                act(time - 1)


class TestLiquidity:
    def test_the_first_shares_are_the_invariant_less_what_is_locked(self, stage: PoolStage) -> None:
        """POL-5: the pool holds 10^12 shares that nobody can redeem."""
        receipt = stage.add(5 * ETHER, 7 * ETHER)
        (event,) = stage.pool.events(receipt, "LiquidityAdded")
        d_wei = stage.pool.invariantWei()
        assert stage.pool.balanceOf(stage.holder) == d_wei - LOCKED_SHARES
        assert event.inputs["shares"] == d_wei - LOCKED_SHARES
        assert stage.pool.balanceOf(stage.pool.address) == LOCKED_SHARES
        assert stage.pool.totalSupply() == d_wei
        assert stage.pool.virtualPrice() == ETHER

    def test_the_first_deposit_has_both_coins_and_a_least_worth(self, stage: PoolStage) -> None:
        """POL-5: 10^15 wei of D will do; a wei less of one coin will not, and costs two of D."""
        half_wei = FIRST_LEAST_WEI // 2
        with fails("NoPrice", wrappedWei=ETHER, wethWei=0):
            stage.add(ETHER, 0)
        with fails("NoPrice", wrappedWei=0, wethWei=ETHER):
            stage.add(0, ETHER)
        with fails("FirstDepositTooSmall", worthWei=FIRST_LEAST_WEI - 2, leastWei=FIRST_LEAST_WEI):
            stage.add(half_wei, half_wei - 1)
        stage.add(half_wei, half_wei)

    def test_who_adds_both_in_their_ratio_pays_no_fee(self, full: PoolStage) -> None:
        """POL-5: a tenth more of both is a tenth more of shares, and not a wei of fee."""
        supply = full.pool.totalSupply()
        receipt = full.add(100 * ETHER, 110 * ETHER, holder=full.trader)
        (event,) = full.pool.events(receipt, "LiquidityAdded")
        assert event.inputs["feeWei"] == 0
        assert full.pool.balanceOf(full.trader) == supply // 10

    def test_who_adds_one_pays_as_for_trading_half(self, full: PoolStage) -> None:
        """POL-5."""
        receipt = full.add(0, 10 * ETHER, holder=full.trader)
        (event,) = full.pool.events(receipt, "LiquidityAdded")
        traded_wei = event.inputs["feeWei"] * 10**6 // 400
        assert abs(traded_wei - 5 * ETHER) < ETHER // 50

    def test_one_coin_in_and_the_other_out_costs_what_a_trade_does(self, full: PoolStage) -> None:
        """POL-5 to POL-7: to a thousandth of the fee, in whatever pieces one comes and goes."""
        traded = full.pool.previewExchange(full.wrapped.address, 50 * ETHER)
        fee_wei = 55 * ETHER * 400 // 10**6
        full.add(50 * ETHER, 0, holder=full.trader)
        shares = full.pool.balanceOf(full.trader)
        around = full.pool.previewRemoveLiquidityOneCoin(shares, full.weth.address)
        assert abs(around - traded) < fee_wei // 1000

    def test_each_has_its_minimum(self, full: PoolStage) -> None:
        """POL-4."""
        pool, sender = full.pool, full.holder
        shares = pool.previewAddLiquidity(ETHER, ETHER)
        with fails("BelowMinimum", amount=shares, minimum=shares + 1):
            pool.addLiquidity.send(ETHER, ETHER, shares + 1, sender, ALL, sender=sender)
        units, weth_wei = pool.previewRemoveLiquidity(ETHER)
        with fails("BelowMinimum", amount=units, minimum=units + 1):
            pool.removeLiquidity.send(ETHER, units + 1, weth_wei, sender, ALL, sender=sender)
        with fails("BelowMinimum", amount=weth_wei, minimum=weth_wei + 1):
            pool.removeLiquidity.send(ETHER, units, weth_wei + 1, sender, ALL, sender=sender)
        one = pool.previewRemoveLiquidityOneCoin(ETHER, full.weth.address)
        with fails("BelowMinimum", amount=one, minimum=one + 1):
            pool.removeLiquidityOneCoin.send(
                ETHER, full.weth.address, one + 1, sender, ALL, sender=sender
            )
        with undone(full.rpc):
            pool.removeLiquidity.send(ETHER, units, weth_wei, sender, ALL, sender=sender)
        with undone(full.rpc):
            pool.removeLiquidityOneCoin.send(
                ETHER, full.weth.address, one, sender, ALL, sender=sender
            )
        pool.addLiquidity.send(ETHER, ETHER, shares, sender, ALL, sender=sender)

    def test_nobody_removes_more_than_his_shares(self, full: PoolStage) -> None:
        """POL-6 and POL-9."""
        held, supply = full.pool.balanceOf(full.holder), full.pool.totalSupply()
        with fails("ERC20InsufficientBalance", sender=full.holder, balance=held, needed=held + 1):
            full.remove(held + 1)
        with fails("MoreThanSupply", shares=supply + 1, supply=supply):
            full.remove_one(supply + 1, is_wrapped_out=True)
        full.remove(held)
        assert full.pool.totalSupply() == LOCKED_SHARES

    def test_a_pool_that_all_have_left_takes_liquidity_again(self, full: PoolStage) -> None:
        """POL-5: what is locked keeps the price of a share."""
        full.exchange(True, 100 * ETHER)
        price = full.pool.virtualPrice()
        full.remove(full.pool.balanceOf(full.holder))
        assert price <= full.pool.virtualPrice() <= price + price // 10**4
        units, weth_wei = full.pool.reserves()
        full.add(units * 10**9, weth_wei * 10**9)
        full.exchange(False, ETHER)


class TestDonations:
    def test_a_gift_moves_no_price_and_no_reserve(self, full: PoolStage) -> None:
        """POL-8: neither before nor after the next trade."""
        pool = full.pool
        reads = (pool.reserves, pool.virtualPrice, pool.spotPrice, pool.invariantWei)
        before = [read() for read in reads]
        out = pool.previewExchange(full.wrapped.address, ETHER)
        for token in (full.wrapped, full.weth):
            token.function("transfer").send(pool.address, 500 * ETHER, sender=full.trader)
        assert [read() for read in reads] == before
        assert pool.previewExchange(full.wrapped.address, ETHER) == out
        held = pool.balanceOf(full.holder)
        full.remove(held)
        left = full.pool.reserves()
        assert full.held_by(pool.address) == tuple(500 * ETHER + each for each in left)

    def test_who_makes_the_first_share_dear_cannot_take_the_next_deposit(
        self, stage: PoolStage
    ) -> None:
        """POL-5: a pool of a thousandth ether, into which somebody trades 1,000 ether.

        A second holder's 100 ether come back but for fees and roundings.
        """
        stage.add(FIRST_LEAST_WEI // 2, FIRST_LEAST_WEI // 2)
        stage.remove(stage.pool.balanceOf(stage.holder))
        stage.exchange(True, 1_000 * ETHER)
        units, weth_wei = stage.pool.reserves()
        model = model_of(stage.pool)
        shares, _ = model.add(RATE_UNIT, 0, 100 * ETHER, 100 * weth_wei * ETHER // units)
        back = model.remove(shares)
        assert back.units > 99 * ETHER


class TestConstruction:
    @pytest.mark.parametrize(
        ("what", "value", "bound"),
        [
            ("amplification", 0, 1),
            ("amplification", 10_001, 10_000),
            ("feePerMillion", 0, 1),
            ("feePerMillion", 10_001, 10_000),
        ],
    )
    def test_terms_have_bounds(
        self, stage: PoolStage, artifacts: Artifacts, what: str, value: int, bound: int
    ) -> None:
        """POL-1: the bound itself is taken, the next value is not."""
        key = {"amplification": "amplification", "feePerMillion": "fee_per_million"}[what]
        tokens = (stage.wrapped.address, stage.weth.address)
        with fails("ParameterOutOfBounds", what=what, value=value, bound=bound):
            deployed_pool(stage.rpc, artifacts, tokens, **{key: value})
        pool = deployed_pool(stage.rpc, artifacts, tokens, **{key: bound})
        assert bound in {pool.AMPLIFICATION(), pool.FEE_PER_MILLION()}

    def test_tokens_are_contracts(self, stage: PoolStage, artifacts: Artifacts) -> None:
        """POL-1."""
        token = stage.weth.address
        for tokens in ((stage.other, token), (token, stage.other)):
            with fails("NoCode", account=stage.other):
                deployed_pool(stage.rpc, artifacts, tokens)

    def test_nobody_has_a_power(self, artifacts: Artifacts) -> None:
        """POL-1: what changes the pool is trading, liquidity and the token, by whoever calls."""
        entries = artifact_named(artifacts, "StablePool").abi_entries
        writing = {
            entry["name"]
            for entry in entries
            if entry["type"] == "function" and entry["stateMutability"] != "view"
        }
        liquidity = {"addLiquidity", "removeLiquidity", "removeLiquidityOneCoin"}
        token = {"approve", "permit", "transfer", "transferFrom"}
        assert writing - {"name", "symbol", "decimals"} == {"exchange"} | liquidity | token


def test_the_interface_says_what_the_contract_has(artifacts: Artifacts) -> None:
    """Functions and events by name and types, in both languages; errors are the interface's."""
    declared = ape.project.get_contract("IStablePool").contract_type.abi
    interface = [entry.model_dump(mode="json", by_alias=True) for entry in declared]
    contract = artifact_named(artifacts, "StablePool").abi_entries
    for kind in ("function", "event", "error"):
        assert _forms(contract, kind) == _forms(interface, kind)
    assert len(_forms(contract, "error")) > 10


def _forms(entries: Iterable[AbiEntry], kind: str) -> set[str]:
    return {_form(entry) for entry in entries if entry["type"] == kind}


def _form(entry: AbiEntry) -> str:
    given = ", ".join(f"{each['type']} {each.get('indexed', False)}" for each in entry["inputs"])
    result = ", ".join(each["type"] for each in entry.get("outputs") or ())
    is_read = entry.get("stateMutability") in {"view", "pure"}
    return f"{entry['name']}({given}) -> ({result}) {is_read}"
