"""The curve of the pool: the contract's search finds what the definition asks for, everywhere."""

import pytest
from ape.contracts import ContractContainer
from hypothesis import given
from hypothesis import strategies as st

from keel.chain.contract import call_many
from keel.chain.rpc import RpcClient
from keel.deploy.artifacts import Artifacts
from keel.model.errors import Refused
from keel.model.market.stable_curve import (
    MOST_WEI,
    bears,
    invariant_wei,
    least_reserve_wei,
    spot_price,
)
from keel.model.market.stable_pool import StablePool
from keel.model.market.stable_steps import MOST_STEPS, invariant_steps, reserve_steps
from tests.causes import fails
from tests.deployment import Actors
from tests.unit.market.pools import RAY, PoolStage, model_of, refusal_of, staged
from tests.unit.market.stage import examples

AMPLIFICATIONS = (1, 200, 10_000)
FEW, MOST_LEVERAGE = 4, 40_000

magnitudes = st.integers(0, 83).flatmap(lambda bits: st.integers(2**bits, 2 ** (bits + 1)))
leverages = st.integers(1, 10_000).map(lambda amplification: 4 * amplification)


@pytest.fixture
def stages(
    chain_rpc: RpcClient,
    artifacts: Artifacts,
    actors: Actors,
    test_contracts: dict[str, ContractContainer],
) -> list[PoolStage]:
    """One pool of each amplification."""
    common = (chain_rpc, artifacts, actors, test_contracts)
    return [staged(*common, amplification=a) for a in AMPLIFICATIONS]


@given(magnitudes, magnitudes, leverages)
def test_the_invariant_is_the_largest_that_the_reserves_bear(
    x_wei: int, y_wei: int, leverage: int
) -> None:
    """POL-2: exactly, and at most what both coins are worth together."""
    d_wei = invariant_wei(x_wei, y_wei, leverage)
    assert bears(x_wei, y_wei, d_wei, leverage)
    assert d_wei == x_wei + y_wei or not bears(x_wei, y_wei, d_wei + 1, leverage)
    assert invariant_wei(y_wei, x_wei, leverage) == d_wei


@given(magnitudes, magnitudes, magnitudes, leverages)
def test_a_reserve_is_the_least_that_bears_the_invariant(
    x_wei: int, y_wei: int, more_wei: int, leverage: int
) -> None:
    """POL-4: exactly, and never more than there was."""
    d_wei = invariant_wei(x_wei, y_wei, leverage)
    grown_wei = min(x_wei + more_wei, MOST_WEI)
    least_wei = least_reserve_wei(grown_wei, d_wei, leverage)
    assert 1 <= least_wei <= y_wei
    assert bears(grown_wei, least_wei, d_wei, leverage)
    assert not bears(grown_wei, least_wei - 1, d_wei, leverage)


@given(magnitudes, magnitudes, magnitudes, leverages)
def test_both_searches_end_within_their_bound(
    x_wei: int, y_wei: int, more_wei: int, leverage: int
) -> None:
    """POL-3."""
    assert invariant_steps(x_wei, y_wei, leverage) <= MOST_STEPS
    d_wei = invariant_wei(x_wei, y_wei, leverage)
    grown_wei = min(x_wei + more_wei, MOST_WEI)
    assert reserve_steps(grown_wei, y_wei, d_wei, leverage) <= MOST_STEPS


@pytest.mark.parametrize("leverage", [FEW, 800, MOST_LEVERAGE])
def test_the_farthest_corner_takes_the_most_steps_and_balance_the_fewest(leverage: int) -> None:
    """POL-3: a wei beside 19 million ether."""
    assert 40 <= invariant_steps(1, MOST_WEI, leverage) <= MOST_STEPS
    near = invariant_steps(10**21, 12 * 10**20, leverage)
    d_wei = invariant_wei(10**21, 12 * 10**20, leverage)
    assert max(near, reserve_steps(10**21 + 10**20, 12 * 10**20, d_wei, leverage)) <= 8


@examples(80)
@given(st.tuples(magnitudes, magnitudes, magnitudes), st.integers(0, 2), st.booleans())
def test_the_contract_finds_both_to_the_wei(
    stages: list[PoolStage], worths: tuple[int, int, int], which: int, is_wrapped_in: bool
) -> None:
    """POL-2, POL-3 and POL-4 over all reserves: it ends, and where the definition says."""
    _compare(stages[which], *worths, is_wrapped_in)


@pytest.mark.parametrize("which", range(len(AMPLIFICATIONS)))
@pytest.mark.parametrize(
    ("x_wei", "y_wei"), [(1, 1), (1, MOST_WEI), (MOST_WEI, 1), (MOST_WEI, MOST_WEI)]
)
def test_the_contract_reaches_the_corners(
    stages: list[PoolStage], which: int, x_wei: int, y_wei: int
) -> None:
    """POL-2 and POL-3: no product overflows and no search runs out."""
    for more_wei in (1, 2**53, MOST_WEI - x_wei):
        _compare(stages[which], x_wei, y_wei, more_wei, is_wrapped_in=True)


@pytest.mark.parametrize(
    ("units", "weth_wei"), [(MOST_WEI + 1, 5), (5, MOST_WEI + 1), (0, 5), (5, 0)]
)
def test_the_contract_prices_nothing_beyond(
    stages: list[PoolStage], units: int, weth_wei: int
) -> None:
    """POL-2: one wei outside is refused with the values, one inside is priced."""
    stage = stages[0]
    stage.set_reserves(units, weth_wei)
    with pytest.raises(Refused) as refused:
        model_of(stage.pool).invariant_wei(RAY)
    name, arguments = refusal_of(refused.value)
    with fails(name, **arguments):
        stage.pool.invariantWei()
    inside = (min(max(units, 1), MOST_WEI), min(max(weth_wei, 1), MOST_WEI))
    stage.set_reserves(*inside)
    assert stage.pool.invariantWei() == invariant_wei(*inside, leverage=4)


def _compare(stage: PoolStage, x_wei: int, y_wei: int, more_wei: int, is_wrapped_in: bool) -> None:
    stage.set_reserves(x_wei, y_wei)
    pool, model = stage.pool, model_of(stage.pool, supply=1)
    grown_wei = x_wei if is_wrapped_in else y_wei
    more_wei = min(more_wei, MOST_WEI - grown_wei)
    token = (stage.wrapped if is_wrapped_in else stage.weth).address
    reads = [
        pool.invariantWei.prepare(),
        pool.spotPrice.prepare(),
        pool.previewExchange.prepare(token, more_wei),
    ]
    assert call_many(stage.rpc, reads) == [
        invariant_wei(x_wei, y_wei, model.leverage),
        spot_price(x_wei, y_wei, model.leverage),
        _paid(model, is_wrapped_in, more_wei),
    ]


def _paid(model: StablePool, is_wrapped_in: bool, amount_in: int) -> int:
    try:
        return model.exchange(RAY, 0, is_wrapped_in, amount_in).amount_out
    except Refused as refused:
        assert refused.arguments["amount"] == 0  # noqa: PT017 - what a preview says is 0
        return 0
