"""FED-8: the price of a tick against the exact power, for every tick; FED-7: the mean tick."""

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from ape.contracts import ContractContainer
from hypothesis import given
from hypothesis import strategies as st

from keel.chain.contract import Contract
from keel.model.constants import ETHER
from keel.model.market.tick_price import MOST_TICK, mean_tick, price
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import deploy_test_contract
from tests.unit.market.stage import examples

CHUNK = 20_000
DIGITS = 60
"""Of a running product of 138,162 factors: an error below 10^-53 of it."""


@pytest.fixture
def prices(keel: Keel, test_contracts: dict[str, ContractContainer]) -> Contract:
    return deploy_test_contract(keel, test_contracts["TestTickPrices"])


def answers(contract: Contract, first: int, count: int) -> list[int]:
    """Prices of consecutive ticks, read without a decoder: there are a quarter of a million."""
    data = contract.function("prices").encode(first, count)
    call = {"to": contract.address, "data": "0x" + data.hex(), "gas": hex(10**8)}
    raw = bytes.fromhex(contract.rpc.call("eth_call", call)[2:])
    words = [raw[at : at + 32] for at in range(64, len(raw), 32)]
    return [int.from_bytes(word) for word in words]


@pytest.mark.parametrize("sign", [1, -1])
def test_every_tick_is_within_the_stated_error(prices: Contract, sign: int) -> None:
    """FED-8: less than 1 wei and 2e-18 of the price."""
    seen = 0
    with localcontext(prec=DIGITS):
        factor = Decimal("1.0001") if sign > 0 else 1 / Decimal("1.0001")
        exact = Decimal(ETHER)
        for start in range(0, MOST_TICK + 1, CHUNK):
            count = min(CHUNK, MOST_TICK + 1 - start)
            first = start if sign > 0 else -(start + count - 1)
            found = answers(prices, first, count)
            for value in found if sign > 0 else reversed(found):
                assert abs(value - exact) < 1 + exact * 2 / ETHER, sign * seen
                exact *= factor
                seen += 1
    assert seen == MOST_TICK + 1


@examples(100)
@given(st.integers(-MOST_TICK, MOST_TICK) | st.integers(-50, 50))
def test_the_exact_power_is_the_models(prices: Contract, tick: int) -> None:
    """FED-8 against fractions, which no digit limits."""
    (found,) = answers(prices, tick, 1)
    exact = price(tick)
    assert abs(found - exact) < 1 + exact * Fraction(2, ETHER)


@pytest.mark.parametrize("tick", [MOST_TICK + 1, -MOST_TICK - 1, 887_272, -887_272])
def test_a_price_beyond_a_million_is_none(prices: Contract, tick: int) -> None:
    """FED-8."""
    with fails("TickOutOfBounds", tick=tick, most=MOST_TICK):
        prices.function("prices")(tick, 1)


@examples(100)
@given(st.integers(-(2**55), 2**55 - 1) | st.integers(-100, 100), st.integers(1, 2**32 - 1))
def test_a_mean_is_rounded_down_whatever_its_sign(
    prices: Contract, tick_seconds: int, window: int
) -> None:
    """FED-7: of token1 too, whose price is the inverse: it is never rounded up."""
    mean = prices.function("meanDown")
    assert mean(tick_seconds, window) == mean_tick(tick_seconds, window, is_token0=True)
    assert mean(-tick_seconds, window) == mean_tick(tick_seconds, window, is_token0=False)
