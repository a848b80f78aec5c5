"""Yield split: wkETH as principal and yield on Pendle, held until it matures.

One splits and keeps both, one buys principal in the market, one just holds wkETH. The market's
implied rate is what it expects; the beacon chain pays what validators earn.
"""

import math
from dataclasses import dataclass

from keel.chain.contract import Contract
from keel.deploy.profiles import LOCAL
from keel.market.pendle import Calendar, Split, ln_implied_rate, pendle_with, split_of
from keel.market.stories.beacon import BEACON, BeaconStage
from keel.market.stories.stage import NOBODY
from keel.market.stories.story import Story
from keel.market.stories.telling import Chart, Grid, Line, Part, ether, percent_of_bps
from keel.model.constants import BPS, ETHER, GWEI, YEAR

SPLITTER, BUYER = "holder", "redeemer"
SPLIT_WEI = 50 * ETHER
BOUGHT_FACE = 2 * ETHER
BROUGHT_WEI = 3 * ETHER

_FRAMES = 8
_CALENDAR = Calendar(_FRAMES * LOCAL.frame_seconds, LOCAL.frame_seconds, 1_002 * ETHER // 1_000)
"""In frames, as mainnet's is in days."""


@dataclass(frozen=True, slots=True)
class YieldSplit:
    """Shares are units of wkETH; rates are kETH for a whole one; the implied rate is a year's.

    `earned_gwei` is what all of Keel's validators have more by the beacon states, with what was
    swept meanwhile; `backing_wei` is what backed shares and tickets at first.
    """

    term_seconds: int
    earned_gwei: int
    backing_wei: int
    fee_bps: int
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

    @property
    def frames(self) -> int:
        """Frames until maturity."""
        return self.term_seconds // LOCAL.frame_seconds

    @property
    def implied(self) -> float:
        """What the market expects a principal to pay until maturity, a part of it."""
        return math.expm1(self.implied_ln_wad / ETHER * self.term_seconds / YEAR)

    @property
    def fixed(self) -> float:
        """What the principal that was bought paid, a part of its price."""
        return self.bought_pays_wei / self.bought_for_wei - 1

    @property
    def grown(self) -> float:
        """By what part wkETH grew until maturity."""
        return self.rate_after_wei / self.rate_before_wei - 1

    @property
    def earned(self) -> float:
        """What validators earned, a part of all that backs shares."""
        return self.earned_gwei * GWEI / self.backing_wei


def live(stage: BeaconStage) -> YieldSplit:
    """Split, buy, let every frame until maturity pay, and redeem."""
    split = split_of(stage.site)
    shares_in = _deposit(stage, split, SPLITTER, SPLIT_WEI)
    _send(stage, split.adapter, "transfer", SPLITTER, split.yields.address, shares_in)
    _send(stage, split.yields, "mintPY", SPLITTER, stage.who(SPLITTER), stage.who(SPLITTER))
    face = _held(stage, split.principal, SPLITTER)
    rate_wei, implied = split.adapter.function("exchangeRate")(), ln_implied_rate(split.market)
    paid = _buy_principal(stage, split)
    expiry, began = split.market.function("expiry")(), stage.now()
    backing_wei = stage.backing_wei()
    rates_wei = [rate_wei]
    with stage.earning() as earned_gwei:
        while stage.next_report_time() < expiry:
            stage.report()
            rates_wei.append(split.adapter.function("exchangeRate")())
        stage.go_to(expiry)
    yield_shares = _collect(stage, split)
    principal_shares = _redeem(stage, split, SPLITTER)
    bought_face = _held(stage, split.principal, BUYER)
    return YieldSplit(
        term_seconds=expiry - began,
        earned_gwei=earned_gwei(),
        backing_wei=backing_wei,
        fee_bps=stage.fee_bps(),
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


def _deposit(stage: BeaconStage, split: Split, name: str, amount_wei: int) -> int:
    who = stage.who(name)
    order = (who, NOBODY, amount_wei, 0)
    split.adapter.function("deposit").send(*order, sender=who, value_wei=amount_wei)
    return _held(stage, split.adapter, name)


def _buy_principal(stage: BeaconStage, split: Split) -> int:
    """Buy some in the market; returns the shares that it took."""
    buyer = stage.who(BUYER)
    brought = _deposit(stage, split, BUYER, BROUGHT_WEI)
    _send(stage, split.adapter, "transfer", BUYER, split.market.address, brought)
    order = (buyer, BOUGHT_FACE, b"")
    paid, _ = split.market.function("swapSyForExactPt")(*order, sender=buyer)
    _send(stage, split.market, "swapSyForExactPt", BUYER, *order)
    return int(paid)


def _collect(stage: BeaconStage, split: Split) -> int:
    """Collect what the yield tokens have earned, in shares."""
    before = _held(stage, split.adapter, SPLITTER)
    arguments = (stage.who(SPLITTER), True, False)
    _send(stage, split.yields, "redeemDueInterestAndRewards", SPLITTER, *arguments)
    return _held(stage, split.adapter, SPLITTER) - before


def _redeem(stage: BeaconStage, split: Split, name: str) -> int:
    """Redeem all principal after maturity; returns the shares that it paid."""
    before, face = _held(stage, split.adapter, name), _held(stage, split.principal, name)
    _send(stage, split.principal, "transfer", name, split.yields.address, face)
    _send(stage, split.yields, "redeemPY", name, stage.who(name))
    return _held(stage, split.adapter, name) - before


def _send(
    stage: BeaconStage, contract: Contract, function: str, name: str, *arguments: object
) -> None:
    contract.function(function).send(*arguments, sender=stage.who(name))


def _held(stage: BeaconStage, token: Contract, name: str) -> int:
    return int(token.function("balanceOf")(stage.who(name)))


def tell(split: YieldSplit) -> tuple[Part, ...]:
    """All of it."""
    after_fee = split.earned * (BPS - split.fee_bps) / BPS
    rows = (
        ("implied by the market", f"{split.implied:.4%}"),
        ("fixed by whoever bought principal", f"{split.fixed:.4%}"),
        ("earned by validators, by the beacon states", f"{split.earned:.4%}"),
        (f"of that after the fee of {percent_of_bps(split.fee_bps)}", f"{after_fee:.4%}"),
        ("grown by wkETH that was just held", f"{split.grown:.4%}"),
    )
    ends = (
        ("split", ether(split.shares_in, 6)),
        ("paid by the principal", ether(split.principal_shares, 6)),
        ("paid by the yield", ether(split.yield_shares, 6)),
    )
    return (
        f"Somebody splits wkETH worth {ether(SPLIT_WEI)} ETH into {ether(split.face, 4)} principal "
        f"and as much yield, {split.frames} frames before maturity. Somebody else buys principal "
        f"of {ether(split.bought_face)} ETH in the market for {ether(split.bought_for_wei, 4)} "
        "ETH. "
        f"Until then validators earn {ether(split.earned_gwei * GWEI, 4)} ETH on the "
        f"{ether(split.backing_wei)} ETH that back kETH.",
        Grid("Until maturity", ("", ">rate"), rows),
        Grid("What was split, wkETH", ("", ">wkETH"), ends),
        _chart(split),
        "Principal pays its face in ether, whatever the chain earns, and yield the rest: together "
        f"they are what was split, less {split.left_shares} units of rounding. Who bought "
        "principal knew its return on the first day. Who holds yield gains if the chain pays more "
        "than the market expected when the yield was bought, and loses if it pays less. What "
        "validators earned in the last frame or two is reported after maturity, or streams still.",
    )


def _chart(split: YieldSplit) -> Chart:
    held = tuple(100 * (rate / split.rate_before_wei - 1) for rate in split.rates_wei)
    ends = (0.0, float(len(held) - 1))
    lines = (
        Line("wkETH that is just held", tuple(map(float, range(len(held)))), held),
        Line("principal that is kept to maturity", ends, (0.0, 100 * split.fixed), is_dashed=True),
    )
    return Chart("yield", "Growth until maturity", "frames", "percent", lines)


YIELD_SPLIT = Story("yield", "Yield split", BEACON, (pendle_with(_CALENDAR),), live, tell)
