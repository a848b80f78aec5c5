"""A router between wkETH of two deployments and another protocol's token with a pushed rate."""

from dataclasses import dataclass
from typing import Any

from ape.contracts import ContractContainer

from keel.chain.abi import Abi
from keel.chain.clock import jump, now, set_next_timestamp
from keel.chain.contract import Contract, call_many
from keel.model.constants import BPS, DAY, ETHER
from keel.model.errors import Refused
from keel.model.market.router import Answer, Asset, Listing, Router
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import deploy_test_contract
from tests.unit.contracts.vaults import change, stake_most
from tests.unit.market.stage import latest, place

OWN, SECOND, OTHER = range(3)
"""Assets by their number: wkETH with the local profile, with the mainnet profile, the other's."""

FEE_BPS = 25
DAILY_WEI = 2_000 * ETHER
START_WEI = 108 * ETHER // 100
STEP_WEI = ETHER * 12 // BPS
"""What each of the two pushers moves a day, up or down."""

_EVENTS = {"deposit": "Deposited", "withdraw": "Withdrawn", "swap": "Swapped"}
_OUT = {"deposit": "shares", "withdraw": "amount", "swap": "amountOut"}
_HELD = 400 * ETHER
"""Units of each asset that the trader has, or a little less."""


@dataclass
class Market:
    """The router, what it trades, and its model. `trader` has approved it for everything."""

    keel: Keel
    second: Keel
    other: Contract
    push_feed: Contract
    feeds: list[Contract]
    tokens: list[Contract]
    router: Contract
    model: Router
    trader: str

    @property
    def pusher(self) -> str:
        """Who pushes the other token's rate."""
        return str(self.keel.actors.keeper.address)

    def push(self, rate_wei: int, *, is_fresh: bool = True) -> None:
        """Push the next round in a new second."""
        at, number = now(self.keel.rpc) + 1, latest(self.push_feed).roundId + 1
        set_next_timestamp(self.keel.rpc, at)
        arguments = (number, rate_wei, at, is_fresh)
        self.push_feed.function("push").send(*arguments, sender=self.pusher)

    def see(self) -> list[Answer | None]:
        """Let the model know what the sources answer in this block."""
        answers: list[Answer | None] = [
            Answer(found.answer, found.updatedAt) for found in map(latest, self.feeds)
        ]
        self.model.see(answers, now(self.keel.rpc))
        return answers

    def call(self, name: str, *arguments: Any) -> int:
        """Deposit, withdraw or swap as the trader, in this very second; what came out."""
        set_next_timestamp(self.keel.rpc, now(self.keel.rpc))
        function = self.router.function(name)
        receipt = function.send(*arguments, 0, self.trader, sender=self.trader)
        (event,) = self.router.events(receipt, _EVENTS[name])
        return int(event.inputs[_OUT[name]])

    def withdraw_all(self, shares: int, skipped: int = 0) -> list[int]:
        """Take a part of everything."""
        set_next_timestamp(self.keel.rpc, now(self.keel.rpc))
        arguments = (shares, skipped, [0] * len(self.tokens), self.trader)
        receipt = self.router.function("withdrawAll").send(*arguments, sender=self.trader)
        (event,) = self.router.events(receipt, "WithdrawnAll")
        return list(event.inputs["amounts"])

    def held(self, token: Contract | None = None) -> int:
        """What the trader has of a token, by default of the router's shares."""
        return int((token or self.router).function("balanceOf")(self.trader))

    def require_the_models(self) -> None:
        """Books, buckets, remembered rates and worth are the model's, to the wei."""
        model, count = self.model, len(self.tokens)
        asked = [self.router.function("standing").prepare(number) for number in range(count)]
        worth, supply, *standings = call_many(
            self.keel.rpc,
            [
                self.router.function("valueWei").prepare(),
                self.router.function("totalSupply").prepare(),
                *asked,
            ],
        )
        assert supply == model.shares
        assert tuple(worth) == model.value_wei()
        for number, standing in enumerate(standings):
            asset, answer = model.assets[number], model.answers[number]
            is_open = asset.is_open(answer, model.now)
            rate_wei = answer.rate_wei if is_open and answer else asset.ceiling_wei(model.now)
            assert (standing.balance, standing.rateWei) == (asset.balance, rate_wei), number
            assert standing.isOpen == is_open, number


def act(market: Market, what: str, numbers: tuple[int, int], amount: int) -> None:
    """Make the call that the model makes, or see it refused for the model's reason."""
    model, shares = market.model, market.held()
    amount = min(amount, market.held(market.tokens[numbers[0]]) if what != "withdraw" else shares)
    arguments: tuple[int, ...]
    match what:
        case "deposit" | "withdraw":
            arguments = (numbers[0], amount)
        case "swap":
            arguments = (*numbers, amount)
        case _:
            part = min(amount, shares)
            assert market.withdraw_all(part, numbers[0]) == model.withdraw_all(part, numbers[0])
            return
    try:
        expected = getattr(model, what)(*arguments)
    except Refused as refused:
        with fails(type(refused).__name__, **refused.arguments):
            market.call(what, *arguments)
    else:
        assert market.call(what, *arguments) == expected


def listings(market: list[tuple[Contract, Contract]], ages: list[int]) -> list[dict[str, Any]]:
    """ILstRouter.Listing of tokens and their sources."""
    return [
        {
            "token": token.address,
            "source": source.address,
            "growthBps": 1_000,
            "maxAgeSeconds": age,
            "dailyWei": DAILY_WEI,
        }
        for (token, source), age in zip(market, ages, strict=True)
    ]


def open_market(keel: Keel, second: Keel, test_contracts: dict[str, ContractContainer]) -> Market:
    """Both deployments staked most of what they have and earned; the pool is still empty."""
    stake_most(second)
    change(second, 20 * ETHER)
    jump(second.rpc, DAY // 2)
    change(keel, 0)  # it was dead by then
    stake_most(keel)
    change(keel, 10 * ETHER)
    jump(keel.rpc, 60)
    other = deploy_test_contract(keel, test_contracts["TestLst"])
    push_feed = place(keel, "PushFeed", push_terms(keel))
    feeds = [place(each, "RateFeed", each.quick.vault.address) for each in (keel, second)]
    feeds.append(push_feed)
    tokens: list[Contract] = [keel.quick.wrapped, second.quick.wrapped, other]
    ages = [3 * keel.profile.frame_seconds, 3 * second.profile.frame_seconds, DAY]
    trader = str(keel.actors.holder.address)
    market = Market(
        keel, second, other, push_feed, feeds, tokens, other, Router(FEE_BPS, []), trader
    )
    market.push(START_WEI)
    terms = listings(list(zip(tokens, feeds, strict=True)), ages)
    market.router = _explained(keel, place(keel, "LstRouter", FEE_BPS, terms), other)
    at = now(keel.rpc)
    market.model.assets = [
        Asset(Listing(1_000, age, DAILY_WEI), latest(feed).answer, at - DAY)
        for feed, age in zip(feeds, ages, strict=True)
    ]
    _equip(market)
    return market


def answering(rate_wei: int) -> str:
    """Runtime code that answers a rate of this second, whatever it is asked."""
    rate = "7f" + rate_wei.to_bytes(32).hex()
    return "0x" + rate + "600052" + rate + "602052" + "42606052" + "60a06000f3"


def push_terms(keel: Keel) -> dict[str, Any]:
    """IPushFeed.Init."""
    return {
        "pushers": [keel.actors.keeper.address, keel.actors.stranger.address],
        "riseWei": STEP_WEI,
        "fallWei": STEP_WEI,
        "periodSeconds": DAY,
        "maxAgeSeconds": DAY,
        "rateWei": START_WEI,
    }


def _equip(market: Market) -> None:
    trader = market.trader
    for each in (market.keel, market.second):
        arguments = (trader, trader)
        each.quick.vault.depositWrapped.send(*arguments, sender=trader, value_wei=_HELD)
    market.other.function("mint").send(trader, _HELD, sender=trader)
    for token in market.tokens:
        approve = token.function("approve")
        approve.send(market.router.address, 2**256 - 1, sender=trader)


def _explained(keel: Keel, router: Contract, other: Contract) -> Contract:
    errors = Abi()
    errors.errors.update(router.abi.errors | other.errors.errors)
    return Contract(keel.rpc, router.address, router.abi, errors=errors)
