"""LstRouter against its model, and the worth of a share over any history (RTR)."""

from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from keel.chain.clock import jump, now
from keel.model.constants import ETHER
from keel.model.market.router import Router
from tests.unit.contracts.hands import announce_loss, undone
from tests.unit.contracts.vaults import change, note_slashing
from tests.unit.market.routing import FEE_BPS, OTHER, OWN, SECOND, STEP_WEI, Market, act
from tests.unit.market.stage import examples, latest

amounts = st.integers(1, 10) | st.integers(10**15, 10**16) | st.integers(1, 300 * ETHER)
numbers = st.integers(OWN, OTHER)


@st.composite
def deeds(draw: st.DrawFn) -> tuple[Any, ...]:
    """A call of the router, or something that happens to one of its tokens."""
    call = draw(st.sampled_from(["deposit", "withdraw", "swap", "swap", "withdrawAll"]))
    event = draw(st.sampled_from(["wait", "push", "unsure", "report", "announce", "slash", "give"]))
    what = draw(st.sampled_from([call, call, event]))
    return what, draw(numbers), draw(numbers), draw(amounts), draw(st.integers(0, 5))


def happen(market: Market, what: str, number: int, amount: int, seconds: int) -> None:
    """What no call of the router does."""
    keel = market.keel
    match what:
        case "wait":
            jump(keel.rpc, 1 + seconds * 200)
        case "push" | "unsure":
            drift = amount % (STEP_WEI // 4) * (1 if seconds % 2 else -1)
            market.push(latest(market.push_feed).answer + drift, is_fresh=what == "push")
        case "report":
            change(keel, amount % (5 * ETHER) * (1 if seconds % 3 else -1))
        case "announce":
            announce_loss(keel, amount)
        case "slash":
            jump(keel.rpc, 60)
            note_slashing(keel, 64 * ETHER, now(keel.rpc))
        case "give":
            token = market.tokens[number]
            given_units = min(amount, market.held(token) // 4)
            transfer = token.function("transfer")
            transfer.send(market.router.address, given_units, sender=market.trader)


def worths(router: Router, ceilings: list[int]) -> list[Fraction | int]:
    """Ether a share, exactly, with each closed asset worth nothing and worth its ceiling."""
    corners = []
    for asset, answer, ceiling in zip(router.assets, router.answers, ceilings, strict=True):
        is_open = answer is not None and asset.is_open(answer, router.now)
        corners.append([answer.rate_wei] if is_open and answer else [0, ceiling])
    return [
        Fraction(
            sum(a.balance * r for a, r in zip(router.assets, rates, strict=True)), router.shares
        )
        for rates in product(*corners)
    ]


@examples(40)
@given(st.lists(deeds(), min_size=4, max_size=14))
def test_the_worth_of_a_share_never_falls_by_a_call(market: Market, history: list[Any]) -> None:
    """RTR-1 to RTR-7: over any history each call gives what the model gives, to the wei, or is
    refused for the model's reason; and no call lowers the worth, whatever closed assets are worth.
    """
    began = Router(FEE_BPS, [replace(asset) for asset in market.model.assets])
    with undone(market.keel.rpc):
        market.model, began = began, market.model
        market.see()
        for number in (OWN, SECOND, OTHER):
            act(market, "deposit", (number, number), 60 * ETHER)
        for what, first, second, amount, seconds in history:
            if what not in ("deposit", "withdraw", "swap", "withdrawAll"):
                happen(market, what, first, amount, seconds)
                continue
            market.see()
            ceilings = [asset.ceiling_wei(market.model.now) for asset in market.model.assets]
            before = worths(market.model, ceilings)
            act(market, what, (first, second), amount)
            after = worths(market.model, ceilings)
            assert all(was <= now for was, now in zip(before, after, strict=True)), what
            market.require_the_models()
    market.model = began


def test_swaps_at_ether_rates_less_the_fee(stocked: Market) -> None:
    """RTR-3: what goes out is worth what came in less a fee, rounded against who trades."""
    rates = [latest(feed).answer for feed in stocked.feeds]
    assert len(set(rates)) == 3
    out = stocked.call("swap", OWN, OTHER, 7 * ETHER)
    exact = Fraction(7 * ETHER * rates[OWN] * (10_000 - FEE_BPS), 10_000 * rates[OTHER])
    assert 0 <= exact - out <= 4
    before = stocked.held()
    stocked.call("withdraw", SECOND, before // 10)
    assert stocked.held() == before - before // 10
