"""Yield split: wkETH as principal and yield on Pendle, held until it matures.

One splits and keeps both, one buys principal in the market, one just holds wkETH. The market's
implied rate is what it expects; the chain pays what validators earn.
"""

import math
from dataclasses import dataclass

from keel.chain.clock import jump_to
from keel.chain.contract import Contract
from keel.market.pendle import PENDLE, Split, ln_implied_rate, split_of
from keel.market.stories.formula import FORMULA, FormulaStage
from keel.market.stories.stage import NOBODY
from keel.market.stories.story import Story
from keel.market.stories.telling import Chart, Grid, Line, Part, ether
from keel.model.constants import DAY, ETHER, YEAR

SPLITTER, BUYER = "holder", "redeemer"
SPLIT_WEI = 50 * ETHER
BOUGHT_FACE = 2 * ETHER
BROUGHT_WEI = 3 * ETHER


@dataclass(frozen=True, slots=True)
class YieldSplit:
    """Shares are units of wkETH; rates are kETH for a whole one; the implied rate is a year's."""

    days: int
    implied_ln_wad: int
    rate_before_wei: int
    rate_after_wei: int
    shares_in: int
    face: int
    principal_shares: int
    yield_shares: int
    bought_face: int
    bought_for_wei: int
    bought_shares: int
    rates_wei: tuple[int, ...]
    """`rate_before_wei`, and the rate after each frame."""

    @property
    def left_shares(self) -> int:
        """What was split and came back to nobody: roundings."""
        return self.shares_in - self.principal_shares - self.yield_shares

    @property
    def bought_pays_wei(self) -> int:
        """What the principal that was bought pays at maturity."""
        return self.bought_shares * self.rate_after_wei // ETHER

    def yearly(self, grown: float) -> float:
        """A growth over the term as that of a year."""
        return float(grown ** (YEAR / DAY / self.days) - 1)


def live(stage: FormulaStage) -> YieldSplit:
    """Split, buy, let every frame until maturity pay, and redeem."""
    split = split_of(stage.site)
    stage.stake_more()
    shares_in = _deposit(stage, split, SPLITTER, SPLIT_WEI)
    _send(stage, split.adapter, "transfer", SPLITTER, split.yields.address, shares_in)
    _send(stage, split.yields, "mintPY", SPLITTER, stage.who(SPLITTER), stage.who(SPLITTER))
    face = _held(stage, split.principal, SPLITTER)
    rate_wei, implied = split.adapter.function("exchangeRate")(), ln_implied_rate(split.market)
    paid = _buy_principal(stage, split)
    expiry, began = split.market.function("expiry")(), stage.now()
    rates_wei = [rate_wei]
    while stage.keel.vault.consensus().lastRefTime + 3 * DAY < expiry:
        stage.earn_frame()
        rates_wei.append(split.adapter.function("exchangeRate")())
    jump_to(stage.rpc, max(expiry, stage.now() + 1))
    yield_shares = _collect(stage, split)
    principal_shares = _redeem(stage, split, SPLITTER)
    bought_face = _held(stage, split.principal, BUYER)
    return YieldSplit(
        days=(expiry - began) // DAY,
        implied_ln_wad=implied,
        rate_before_wei=rate_wei,
        rate_after_wei=split.adapter.function("exchangeRate")(),
        shares_in=shares_in,
        face=face,
        principal_shares=principal_shares,
        yield_shares=yield_shares,
        bought_face=bought_face,
        bought_for_wei=paid * rate_wei // ETHER,
        bought_shares=_redeem(stage, split, BUYER),
        rates_wei=tuple(rates_wei),
    )


def _deposit(stage: FormulaStage, split: Split, name: str, amount_wei: int) -> int:
    who = stage.who(name)
    order = (who, NOBODY, amount_wei, 0)
    split.adapter.function("deposit").send(*order, sender=who, value_wei=amount_wei)
    return _held(stage, split.adapter, name)


def _buy_principal(stage: FormulaStage, split: Split) -> int:
    """Buy some in the market; returns the shares that it took."""
    buyer = stage.who(BUYER)
    brought = _deposit(stage, split, BUYER, BROUGHT_WEI)
    _send(stage, split.adapter, "transfer", BUYER, split.market.address, brought)
    order = (buyer, BOUGHT_FACE, b"")
    paid, _ = split.market.function("swapSyForExactPt")(*order, sender=buyer)
    _send(stage, split.market, "swapSyForExactPt", BUYER, *order)
    return int(paid)


def _collect(stage: FormulaStage, split: Split) -> int:
    """Collect what the yield tokens have earned, in shares."""
    before = _held(stage, split.adapter, SPLITTER)
    arguments = (stage.who(SPLITTER), True, False)
    _send(stage, split.yields, "redeemDueInterestAndRewards", SPLITTER, *arguments)
    return _held(stage, split.adapter, SPLITTER) - before


def _redeem(stage: FormulaStage, split: Split, name: str) -> int:
    """Redeem all principal after maturity; returns the shares that it paid."""
    before, face = _held(stage, split.adapter, name), _held(stage, split.principal, name)
    _send(stage, split.principal, "transfer", name, split.yields.address, face)
    _send(stage, split.yields, "redeemPY", name, stage.who(name))
    return _held(stage, split.adapter, name) - before


def _send(
    stage: FormulaStage, contract: Contract, function: str, name: str, *arguments: object
) -> None:
    contract.function(function).send(*arguments, sender=stage.who(name))


def _held(stage: FormulaStage, token: Contract, name: str) -> int:
    return int(token.function("balanceOf")(stage.who(name)))


def tell(split: YieldSplit) -> tuple[Part, ...]:
    """All of it."""
    implied = math.expm1(split.implied_ln_wad / ETHER)
    grown = split.rate_after_wei / split.rate_before_wei
    fixed = split.bought_pays_wei / split.bought_for_wei
    rows = (
        ("implied by the market", f"{implied:.2%}"),
        ("fixed by whoever bought principal", f"{split.yearly(fixed):.2%}"),
        ("paid by the chain to who just held", f"{split.yearly(grown):.2%}"),
    )
    ends = (
        ("split", ether(split.shares_in, 6)),
        ("paid by the principal", ether(split.principal_shares, 6)),
        ("paid by the yield", ether(split.yield_shares, 6)),
    )
    return (
        f"Somebody splits wkETH worth {ether(SPLIT_WEI)} ETH into {ether(split.face, 4)} principal "
        f"and as much yield, {split.days} days before maturity. Somebody else buys principal of "
        f"{ether(split.bought_face)} ETH in the market for {ether(split.bought_for_wei, 4)} ETH.",
        Grid("A year's rate", ("", ">rate"), rows),
        Grid("What was split, wkETH", ("", ">wkETH"), ends),
        _chart(split, fixed),
        "Principal pays its face in ether, whatever the chain earns, and yield the rest: together "
        f"they are what was split, less {split.left_shares} units of rounding. Who bought "
        "principal knew its return on the first day. Who holds yield gains if the chain pays more "
        "than the market expected when the yield was bought, and loses if it pays less.",
    )


def _chart(split: YieldSplit, fixed: float) -> Chart:
    held = tuple(100 * (rate / split.rate_before_wei - 1) for rate in split.rates_wei)
    ends = (0.0, float(split.days))
    lines = (
        Line("wkETH that is just held", tuple(map(float, range(len(held)))), held),
        Line("principal that is kept to maturity", ends, (0.0, 100 * (fixed - 1)), is_dashed=True),
    )
    return Chart("yield", "Growth until maturity", "days", "percent", lines)


YIELD_SPLIT = Story("yield", "Yield split", FORMULA, (PENDLE,), live, tell)
