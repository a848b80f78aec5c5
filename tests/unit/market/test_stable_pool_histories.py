"""Whole histories of a pool: contract and model agree to the wei, and nobody gains by turning."""

from collections.abc import Callable
from dataclasses import astuple
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from keel.chain.contract import call_many
from keel.model.constants import ETHER
from keel.model.errors import Refused
from keel.model.market.stable_pool import (
    LOCKED_SHARES,
    RATE_UNIT,
    Reserves,
    StablePool,
)
from tests.causes import fails
from tests.unit.contracts.hands import undone
from tests.unit.market.pools import PoolStage, refusal_of
from tests.unit.market.stage import examples

type Step = tuple[str, float, float, int]
type World = tuple[StablePool, int]

KINDS = ("sell", "buy", "add", "remove", "units", "weth", "rate")
parts = st.floats(-9, 1).map(lambda power: 10.0**power) | st.just(0.0)
steps = st.tuples(st.sampled_from(KINDS), parts, parts, st.integers(1, 10**6))
histories = st.lists(steps, min_size=1, max_size=8)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A pool with something in it, as any terms and any first deposit make it, and a rate."""
    pool = StablePool(draw(st.sampled_from([1, 10, 200, 10_000])), draw(st.integers(1, 10_000)))
    rate_ray = draw(st.integers(15 * 10**25, 2 * RATE_UNIT))
    units = draw(st.integers(10**15, 10**24))
    weth_wei = int(units * 10 ** draw(st.floats(-2, 2)))
    try:
        pool.add(rate_ray, 0, units, weth_wei)
    except Refused:
        assume(False)
    return pool, rate_ray


@examples(20)
@given(st.integers(ETHER // 100, 10**5 * ETHER), st.floats(0.3, 3), histories)
def test_the_contract_does_what_the_model_does(
    stage: PoolStage, units: int, ratio: float, history: list[Step]
) -> None:
    """POL-2, POL-4 to POL-7 and POL-10: amounts, reserves, shares, prices and refusals."""
    pool, rate_ray = StablePool(200, 400), RATE_UNIT
    with undone(stage.rpc):
        time = stage.at_next(1)
        stage.add(units, int(units * ratio))
        pool.add(rate_ray, time, units, int(units * ratio))
        _compare(stage, pool, rate_ray)
        for kind, first, second, seconds in history:
            if kind == "rate":
                rate_ray = int(min(2, 0.5 + first) * RATE_UNIT)
                stage.set_rate(rate_ray)
            else:
                _do_both(stage, pool, rate_ray, (kind, first, second, seconds))
            _compare(stage, pool, rate_ray)


@given(worlds(), histories)
def test_a_trade_never_lowers_the_invariant_and_nothing_the_worth_of_a_share(
    world: World, history: list[Step]
) -> None:
    """POL-11, exactly: by products of whole numbers, not by rounded prices."""
    pool, rate_ray = world
    for kind, first, second, _ in history:
        d_wei, supply = pool.invariant_wei(rate_ray), pool.supply
        if kind == "rate":
            rate_ray += int(rate_ray * min(first, 0.5))
            assert pool.invariant_wei(rate_ray) >= d_wei
            continue
        _do(pool, rate_ray, 0, (kind, first, second))
        if kind in {"sell", "buy"}:
            assert pool.invariant_wei(rate_ray) >= d_wei
        assert pool.invariant_wei(rate_ray) * supply >= d_wei * pool.supply


@given(worlds(), st.sampled_from([0, 1]), st.integers(1, 10**24))
def test_a_trade_there_and_back_gains_nothing(
    world: World, is_wrapped_in: int, amount_in: int
) -> None:
    """POL-4."""
    pool, rate_ray = world
    there = _or_none(lambda: pool.exchange(rate_ray, 0, bool(is_wrapped_in), amount_in))
    assume(there is not None)
    back = _or_none(lambda: pool.exchange(rate_ray, 0, not is_wrapped_in, there.amount_out))
    assert back is None or back.amount_out < amount_in


@given(worlds(), parts, parts, st.sampled_from(["remove", "units", "weth"]))
def test_adding_and_removing_gains_nothing(
    world: World, first: float, second: float, kind: str
) -> None:
    """POL-5 to POL-7: what comes out, traded back into what went in, is never more."""
    pool, rate_ray = world
    units, weth_wei = int(pool.held.units * first), int(pool.held.weth_wei * second)
    added = _or_none(lambda: pool.add(rate_ray, 0, units, weth_wei))
    assume(added is not None)
    held, shares = pool.held, added[0]
    if kind == "remove":
        pool.remove(shares)
    else:
        _or_none(lambda: pool.remove_one(rate_ray, 0, shares, kind == "units"))
    units -= held.units - pool.held.units
    weth_wei -= held.weth_wei - pool.held.weth_wei
    assert units >= 0 or weth_wei >= 0
    # What is over of one coin buys at most what is missing of the other.
    if units < 0:
        traded = _or_none(lambda: pool.exchange(rate_ray, 0, True, -units))
        assert traded is None or traded.amount_out <= weth_wei
    elif weth_wei < 0:
        traded = _or_none(lambda: pool.exchange(rate_ray, 0, False, -weth_wei))
        assert traded is None or traded.amount_out <= units


@given(worlds(), parts)
def test_one_coin_is_both_coins_and_a_trade(world: World, part: float) -> None:
    """POL-7: to the wei, whichever way it is asked for."""
    pool, rate_ray = world
    most = pool.supply - LOCKED_SHARES
    shares = min(most, int(most * part))
    twin = StablePool(pool.amplification, pool.fee_per_million, pool.held, pool.supply)
    at_once = _or_none(lambda: pool.remove_one(rate_ray, 0, shares, False))
    both = twin.remove(shares)
    traded = _or_none(lambda: twin.exchange(rate_ray, 0, True, both.units))
    assume(at_once is not None and traded is not None)
    assert at_once == both.weth_wei + traded.amount_out
    assert (pool.held, pool.supply) == (twin.held, twin.supply)


def _do_both(stage: PoolStage, pool: StablePool, rate_ray: int, step: Step) -> None:
    kind, first, second, seconds = step
    before, amounts = _holdings(stage), _amounts(pool, kind, first, second)
    acts: dict[str, Callable[..., Any]] = {
        "sell": lambda amount: stage.exchange(True, amount),
        "buy": lambda amount: stage.exchange(False, amount),
        "add": stage.add,
        "remove": stage.remove,
        "units": lambda shares: stage.remove_one(shares, True),
        "weth": lambda shares: stage.remove_one(shares, False),
    }
    time = stage.at_next(seconds)
    held, state = pool.held, astuple(pool)
    try:
        _act(pool, rate_ray, time, kind, amounts)
    except Refused as refused:
        name, arguments = refusal_of(refused)
        assert astuple(pool) == state
        with fails(name, **arguments):
            acts[kind](*amounts)
        return
    acts[kind](*amounts)
    moved = tuple(now - then for now, then in zip(_holdings(stage), before, strict=True))
    assert moved == (held.units - pool.held.units, held.weth_wei - pool.held.weth_wei)


def _holdings(stage: PoolStage) -> tuple[int, int]:
    """What holder and trader have of each token together."""
    first, second = stage.held_by(stage.holder), stage.held_by(stage.trader)
    return first[0] + second[0], first[1] + second[1]


def _amounts(pool: StablePool, kind: str, first: float, second: float) -> tuple[int, ...]:
    units, weth_wei = int(pool.held.units * first), int(pool.held.weth_wei * second)
    if kind in {"sell", "add"}:
        return (units,) if kind == "sell" else (units, weth_wei)
    if kind == "buy":
        return (weth_wei,)
    most = pool.supply - LOCKED_SHARES
    return (min(most, int(most * first)),)


def _act(pool: StablePool, rate_ray: int, time: int, kind: str, amounts: tuple[int, ...]) -> None:
    if kind == "add":
        units, weth_wei = amounts
        pool.add(rate_ray, time, units, weth_wei)
        return
    (amount,) = amounts
    if kind in {"sell", "buy"}:
        pool.exchange(rate_ray, time, kind == "sell", amount)
    elif kind == "remove":
        pool.remove(amount)
    else:
        pool.remove_one(rate_ray, time, amount, kind == "units")


def _do(pool: StablePool, rate_ray: int, time: int, step: tuple[str, float, float]) -> None:
    amounts = _amounts(pool, *step)
    _or_none(lambda: _act(pool, rate_ray, time, step[0], amounts))


def _or_none(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except Refused:
        return None


def _compare(stage: PoolStage, pool: StablePool, rate_ray: int) -> None:
    reads = (
        stage.pool.reserves,
        stage.pool.totalSupply,
        stage.pool.invariantWei,
        stage.pool.virtualPrice,
        stage.pool.spotPrice,
        stage.pool.cumulativePrice,
    )
    held, *others, (price_sum, time) = call_many(stage.rpc, [read.prepare() for read in reads])
    assert Reserves(*held) == pool.held
    assert others == [
        pool.supply,
        pool.invariant_wei(rate_ray),
        pool.virtual_price(rate_ray),
        pool.spot_price(rate_ray),
    ]
    assert price_sum == pool.cumulative_price(time)
