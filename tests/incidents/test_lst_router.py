"""A pool of liquid-staking tokens: whoever knows the next rate, or sets the next fee, robs it.

Rows 1, 19 and 44; the two of Sanctum's kind, time arbitrage and the fee flip, have no row.
"""

import pytest
from ape.contracts import ContractContainer

from keel.chain.contract import Contract
from keel.deploy.artifacts import artifact_named
from keel.model.constants import ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.incidents.stage import Naive
from tests.unit.contracts.hands import announce_loss, next_reference_slot, undone
from tests.unit.contracts.vaults import apply, change, inputs_of
from tests.unit.market.routing import OTHER, OWN, SECOND, STEP_WEI, Market, answering, open_market
from tests.unit.market.stage import latest

POOLED = 100 * ETHER
TRADE = 50 * ETHER


@pytest.fixture
def market(keel: Keel, keel_mainnet: Keel, test_contracts: dict[str, ContractContainer]) -> Market:
    """The trader is the thief; what it takes, it takes from what it deposited as a victim."""
    market = open_market(keel, keel_mainnet, test_contracts)
    for number in (OWN, SECOND, OTHER):
        market.call("deposit", number, POOLED)
    return market


@pytest.fixture
def pool(market: Market, naive: Naive) -> Contract:
    """The vulnerable one, with the same in it, for a fee of a hundredth of a per cent."""
    addresses = [[each.address for each in group] for group in (market.tokens, market.feeds)]
    pool = naive("TestNaiveRouter", *addresses, 1)
    for number, token in enumerate(market.tokens):
        token.function("approve").send(pool.address, 2**256 - 1, sender=market.trader)
        pool.function("deposit").send(number, POOLED, sender=market.trader)
    return pool


def gained_wei(market: Market, before: list[int]) -> int:
    """What a trade was worth at the rates that came after it."""
    changes = [market.held(token) - was for token, was in zip(market.tokens, before, strict=True)]
    return sum(
        change * latest(feed).answer // ETHER
        for change, feed in zip(changes, market.feeds, strict=True)
    )


def holdings(market: Market) -> list[int]:
    return [market.held(token) for token in market.tokens]


def test_sanctum_time_arbitrage_ahead_of_a_rate_that_rises(market: Market, pool: Contract) -> None:
    """The next rate is known before it is pushed: it is on the other chain already."""
    raised_wei = latest(market.push_feed).answer + STEP_WEI
    with undone(market.keel.rpc):
        before = holdings(market)
        pool.function("swap").send(SECOND, OTHER, TRADE, sender=market.trader)
        market.push(raised_wei)
        assert gained_wei(market, before) > TRADE // 2_000

    before = holdings(market)
    market.call("swap", SECOND, OTHER, TRADE)
    market.push(raised_wei)
    assert gained_wei(market, before) < 0
    out = before[SECOND] - market.held(market.tokens[SECOND])
    assert out == TRADE


def test_19_a_report_that_everybody_expects_lowers_the_rate(market: Market, pool: Contract) -> None:
    """A loss within the bucket comes unannounced: the largest there can be, and who sells first."""
    keel, vault = market.keel, market.keel.quick.vault
    for is_naive in (True, False):
        with undone(keel.rpc):
            ref_time = next_reference_slot(keel)
            loss_wei = vault.totals().unvestedWei + vault.lossAllowanceWei() - ETHER // 5
            before = holdings(market)
            if is_naive:
                pool.function("swap").send(OWN, SECOND, TRADE, sender=market.trader)
            else:
                market.call("swap", OWN, SECOND, TRADE)
            apply(keel, inputs_of(keel, ref_time, -loss_wei))
            gained = gained_wei(market, before)
            assert gained > TRADE // 1_000 if is_naive else gained <= 0


def test_19_a_loss_is_announced_that_may_not_come(market: Market, pool: Contract) -> None:
    """The naive pool sells at the lowered answer, and the announcement was false. The router trades
    at neither: whether it is true is not known yet."""
    keel = market.keel
    announce_loss(keel, 100 * ETHER)
    with undone(keel.rpc):
        before = holdings(market)
        pool.function("swap").send(SECOND, OWN, TRADE, sender=market.trader)
        change(keel, 0)
        assert gained_wei(market, before) > TRADE // 20
    for pair in ((SECOND, OWN), (OWN, SECOND)):
        with fails("SourceClosed", asset=OWN):
            market.call("swap", *pair, TRADE)


def test_sanctum_fee_flip(market: Market, pool: Contract, keel: Keel) -> None:
    """The owner sees a deposit, and raises the fee before the withdrawal."""
    pool_owner = keel.actors.deployer.address
    with undone(keel.rpc):
        before = market.held(market.other)
        pool.function("setFee").send(5_000, sender=pool_owner)
        shares = pool.function("sharesOf")(market.trader)
        pool.function("withdraw").send(OTHER, shares // 4, sender=market.trader)
        assert market.held(market.other) - before < POOLED * 4 // 10
    entries = artifact_named(keel.artifacts, "LstRouter").abi_entries
    functions = [entry for entry in entries if entry["type"] == "function"]
    writing = {e["name"] for e in functions if e["stateMutability"] not in ("view", "pure")}
    erc20 = {"transfer", "transferFrom", "approve"}
    assert writing - erc20 == {"deposit", "withdraw", "swap", "withdrawAll"}
    before = market.held(market.other)
    shares = market.call("deposit", OTHER, ETHER)
    market.call("withdraw", OTHER, shares)
    assert before - market.held(market.other) <= ETHER * 51 // 10_000  # twice the one fee


def test_44_a_source_is_turned(market: Market, pool: Contract) -> None:
    """One unit at a hundredfold buys all that a naive pool has of another token."""
    keel, source = market.keel, market.push_feed
    turned = answering(90 * latest(source).answer)
    keel.rpc.call("anvil_setCode", source.address, turned)
    before = market.held(market.tokens[OWN])
    pool.function("swap").send(OTHER, OWN, ETHER, sender=market.trader)
    assert market.held(market.tokens[OWN]) - before > POOLED * 9 // 10
    with fails("SourceClosed", asset=OTHER):
        market.call("swap", OTHER, OWN, ETHER)
    market.call("swap", OWN, SECOND, ETHER)


def test_01_the_first_share_is_inflated(
    market: Market, naive: Naive, keel: Keel, keel_mainnet: Keel
) -> None:
    """A gift before the second deposit: it rounds the victim's shares to none."""
    addresses = [[each.address for each in group] for group in (market.tokens, market.feeds)]
    pool = naive("TestNaiveRouter", *addresses, 1)
    other, trader = market.other, market.trader
    other.function("approve").send(pool.address, 2**256 - 1, sender=trader)
    pool.function("deposit").send(OTHER, 1, sender=trader)
    other.function("transfer").send(pool.address, 60 * ETHER, sender=trader)
    shares = pool.function("totalShares")()
    pool.function("deposit").send(OTHER, TRADE, sender=trader)
    assert pool.function("totalShares")() == shares == 1  # the victim's are none

    other.function("transfer").send(market.router.address, 60 * ETHER, sender=trader)
    before = market.held()
    assert market.call("deposit", OTHER, ETHER) > ETHER // 2
    assert market.held() > before
