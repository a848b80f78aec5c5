"""MarketFeed: the lesser of a rate and a market's mean price, and nothing without a market."""

import pytest
from ape.contracts import ContractContainer
from hypothesis import given
from hypothesis import strategies as st

from keel.chain.clock import jump
from keel.chain.contract import Contract
from keel.chain.state import block_head
from keel.model.constants import ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import announce_loss, deploy_test_contract, undone
from tests.unit.contracts.vaults import change, stake_most
from tests.unit.market.stage import examples, latest, place


@pytest.fixture
def rate(keel: Keel) -> Contract:
    stake_most(keel)
    change(keel, 10 * ETHER)
    jump(keel.rpc, 60)
    return place(keel, "RateFeed", keel.quick.vault.address)


@pytest.fixture
def market(keel: Keel, test_contracts: dict[str, ContractContainer]) -> Contract:
    return deploy_test_contract(keel, test_contracts["TestMarketPrice"])


@pytest.fixture
def feed(keel: Keel, rate: Contract, market: Contract) -> Contract:
    found = place(keel, "MarketFeed", rate.address, market.address)
    return Contract(keel.rpc, found.address, found.abi, errors=market.errors)


def quote(keel: Keel, market: Contract, price_wei: int) -> None:
    market.function("set").send(price_wei, sender=keel.actors.stranger.address)


@examples(15)
@given(st.integers(1, 2 * ETHER) | st.integers(-2, 2).map(lambda near: -near))
def test_answers_the_lesser(
    keel: Keel, rate: Contract, market: Contract, feed: Contract, price_wei: int
) -> None:
    """FED-6: a premium never shows, a discount always does; the rest is the rate's own."""
    with undone(keel.rpc):
        own = latest(rate)
        quote(keel, market, price_wei if price_wei > 2 else own.answer + price_wei)
        own, price = latest(rate), market.function("price")()
        assert latest(feed) == own._replace(answer=min(own.answer, price))
        assert feed.function("latestAnswer")() == min(own.answer, price)
        assert feed.function("getRoundData")(own.roundId)[1] == min(own.answer, price)


def test_a_depeg_shows_in_it_and_not_in_the_rate(
    keel: Keel, rate: Contract, market: Contract, feed: Contract
) -> None:
    """FED-6: June 2022, by its figure."""
    before = latest(rate).answer
    quote(keel, market, before * 94 // 100)
    assert latest(feed).answer == before * 94 // 100
    assert latest(rate).answer >= before


def test_is_not_fresh_when_the_rate_is_not(
    keel: Keel, rate: Contract, market: Contract, feed: Contract
) -> None:
    """FED-6: a market that has not heard of an announced loss yet does not hide it."""
    quote(keel, market, 2 * ETHER)
    assert latest(feed).updatedAt > 0
    announce_loss(keel, 200 * ETHER)
    assert latest(feed).updatedAt == 0
    assert latest(feed).answer == latest(rate).answer < ETHER


def test_passes_no_rate_off_as_the_lesser_of_two(
    keel: Keel, market: Contract, feed: Contract
) -> None:
    """FED-6: every function reverts as the market does."""
    block = block_head(keel.rpc).number
    for name, arguments in (("latestRoundData", ()), ("latestAnswer", ()), ("getRoundData", (1,))):
        with fails("NoPrice", sinceBlock=block):
            feed.function(name)(*arguments)
    quote(keel, market, ETHER)
    assert latest(feed).answer == ETHER


def test_knows_the_latest_round_only(keel: Keel, rate: Contract, market: Contract) -> None:
    """FED-4."""
    quote(keel, market, ETHER)
    number = latest(rate).roundId
    feed = place(keel, "MarketFeed", rate.address, market.address)
    with fails("NoSuchRound", asked=number + 1, latest=number):
        feed.function("getRoundData")(number + 1)
