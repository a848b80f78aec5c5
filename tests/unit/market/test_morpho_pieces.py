"""What stands between Keel's feeds and Morpho Blue: LND-1 and LND-2."""

import pytest
from ape.contracts import ContractContainer
from hypothesis import given
from hypothesis import strategies as st

from keel.chain.contract import Contract
from keel.model.constants import ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import deploy_test_contract
from tests.unit.market.stage import examples, place

MOST_PER_SECOND_WAD = ETHER // (365 * 86_400)
A_MARKET = ("0x" + "11" * 20,) * 4 + (ETHER,)
ITS_STATE = (5, 4, 3, 2, 1, 0)


@pytest.fixture
def feed(keel: Keel, test_contracts: dict[str, ContractContainer]) -> Contract:
    return deploy_test_contract(keel, test_contracts["TestFeed"], 18)


@examples(15)
@given(st.integers(0, 2**120))
def test_the_price_is_the_feeds_answer_with_36_decimals_fresh_or_not(
    keel: Keel, feed: Contract, answer: int
) -> None:
    """LND-1."""
    feed.function("set").send(answer, sender=keel.actors.stranger.address)
    assert feed.function("latestRoundData")()[3] == 0
    oracle = place(keel, "MorphoOracle", feed.address)
    assert oracle.function("price")() == answer * 10**18


@pytest.mark.parametrize("decimals", [0, 8, 36])
def test_decimals_of_the_feed_make_no_difference(
    keel: Keel, test_contracts: dict[str, ContractContainer], decimals: int
) -> None:
    """LND-1."""
    feed = deploy_test_contract(keel, test_contracts["TestFeed"], decimals)
    feed.function("set").send(7, sender=keel.actors.stranger.address)
    assert place(keel, "MorphoOracle", feed.address).function("price")() == 7 * 10 ** (
        36 - decimals
    )


def test_a_negative_answer_and_more_than_36_decimals_are_refused(
    keel: Keel, feed: Contract, test_contracts: dict[str, ContractContainer]
) -> None:
    """LND-1."""
    feed.function("set").send(-1, sender=keel.actors.stranger.address)
    oracle = place(keel, "MorphoOracle", feed.address)
    with fails("NegativePrice", answer=-1):
        oracle.function("price")()
    fine = deploy_test_contract(keel, test_contracts["TestFeed"], 37)
    with fails("ParameterOutOfBounds", what="decimals", value=37, bound=36):
        place(keel, "MorphoOracle", fine.address)


@pytest.mark.parametrize("per_second_wad", [0, 951_293_759, MOST_PER_SECOND_WAD])
def test_interest_is_what_it_was_made_with_whatever_is_lent(
    keel: Keel, per_second_wad: int
) -> None:
    """LND-2."""
    rate = place(keel, "FixedRate", per_second_wad)
    for function in ("borrowRate", "borrowRateView"):
        assert rate.function(function)(A_MARKET, ITS_STATE) == per_second_wad


def test_interest_above_100_percent_a_year_is_refused(keel: Keel) -> None:
    """LND-2."""
    asked = MOST_PER_SECOND_WAD + 1
    bound = {"value": asked, "bound": MOST_PER_SECOND_WAD}
    with fails("ParameterOutOfBounds", what="perSecondWad", **bound):
        place(keel, "FixedRate", asked)
