"""Loop: borrow against wkETH, stake what was borrowed, bring it again.

Two people do the same in two markets of Morpho whose interest differs: one below what wkETH earns,
one above. Then a year passes; or, from the same beginning, a slashing; or a large sale.
"""

from dataclasses import dataclass

from keel.chain.clock import jump, reverting
from keel.market.feeds import WINDOW_SECONDS, market_feed_of, rate_feed_of
from keel.market.morpho import LLTV_WAD, MORPHO
from keel.market.stories.formula import FORMULA, FormulaStage
from keel.market.stories.lending import Lending, open_lending
from keel.market.stories.pools import Pools, open_pools
from keel.market.stories.story import Story
from keel.market.stories.telling import Chart, Grid, Line, Part, change, ether, percent, price
from keel.model.constants import ETHER, GWEI, YEAR

OWN_WEI = 10 * ETHER
ROUNDS = 14
BORROWED_BPS = 9_300
"""What is borrowed of what each round brings."""

LENT_WEI = 100 * ETHER
POOL_SIDE_WEI = 150 * ETHER
SOLD_UNITS = 230 * ETHER
FRAMES = 365
LOOK_FRAMES = 73
"""After so many frames of the year each loop is looked at."""

TRADER, STEP_WEI, FAIR_WAD = "stranger", 5 * ETHER, ETHER * 999 // 1_000
"""Who keeps Uniswap's price up, by how much at a time, and up to which price over the rate."""

LOSS_PART = 20
"""A slashing of one part of so many."""

LOOPERS = {"holder": 150, "redeemer": 350}
"""Who loops, and the interest that it pays, in bps a year."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Of a loop at a moment: collateral and debt in wei at the rate, health by both feeds."""

    when: str
    collateral_wei: int
    debt_wei: int
    health_wad: int
    market_health_wad: int

    @property
    def own_wei(self) -> int:
        """What would be left once the debt is paid at the rate."""
        return self.collateral_wei - self.debt_wei


@dataclass(frozen=True, slots=True)
class Looped:
    """One loop: how it begins, and what becomes of it by each event."""

    interest_bps: int
    start: Standing
    events: tuple[Standing, ...]
    year: tuple[Standing, ...]
    """At the start and after each `LOOK_FRAMES` of the year."""

    @property
    def year_gain_wei(self) -> int:
        """What the year of rewards, the last event, left of its own."""
        return self.events[-1].own_wei - self.start.own_wei

    @property
    def leverage_bps(self) -> int:
        """Collateral over what is the looper's own."""
        return self.start.collateral_wei * 10_000 // self.start.own_wei


@dataclass(frozen=True, slots=True)
class Loops:
    """Both loops, and what a holder without one has after the year, of `OWN_WEI`."""

    loops: tuple[Looped, ...]
    held_wei: int
    earned_wei: int


def live(stage: FormulaStage) -> Loops:
    """Loop, and live each event from the same state."""
    pools = open_pools(stage, "deployer", POOL_SIDE_WEI)
    lendings = {name: _loop(stage, name, bps) for name, bps in LOOPERS.items()}
    held_units = stage.buy("underwriter", OWN_WEI)
    stage.stake_more()
    jump(stage.rpc, WINDOW_SECONDS + 100)
    starts = _look(stage, lendings, "at the start")
    events: dict[str, list[Standing]] = {name: [] for name in LOOPERS}

    def note(when: str) -> None:
        for name, standing in _look(stage, lendings, when).items():
            events[name].append(standing)

    with reverting(stage.rpc):
        pools.sell("depositor", SOLD_UNITS, 23)
        jump(stage.rpc, WINDOW_SECONDS)
        note("after a large sale")
    with reverting(stage.rpc):
        _lose(stage)
        note("after a slashing of a twentieth")
    earned_wei, year = 0, [starts]
    for _ in range(FRAMES // LOOK_FRAMES):
        earned_wei += sum(stage.earn_frame() for _ in range(LOOK_FRAMES))
        _follow_the_rate(stage, pools)
        year.append(_look(stage, lendings, "after a year of rewards"))
    for name, standing in year[-1].items():
        events[name].append(standing)
    return Loops(
        loops=tuple(
            Looped(
                bps,
                starts[name],
                tuple(events[name]),
                tuple(standings[name] for standings in year),
            )
            for name, bps in LOOPERS.items()
        ),
        held_wei=stage.keel.wrapped.convertToAssets(held_units),
        earned_wei=earned_wei,
    )


def _loop(stage: FormulaStage, name: str, interest_bps: int) -> Lending:
    """Open a market, bring wkETH, borrow, stake it, and again; the last round only brings."""
    interest_wad = ETHER * interest_bps // 10_000 // YEAR
    feed = rate_feed_of(stage.site)
    lending = open_lending(stage, feed, "deployer", LENT_WEI, interest_wad)
    stake_wei = OWN_WEI
    for _ in range(ROUNDS):
        lending.bring(name, stage.buy(name, stake_wei))
        stake_wei = stake_wei * BORROWED_BPS // 10_000
        lending.borrow(name, stake_wei)
        stage.unwrap_ether(name, stake_wei)
    lending.bring(name, stage.buy(name, stake_wei))
    return lending


def _follow_the_rate(stage: FormulaStage, pools: Pools) -> None:
    """Let a trader buy in the pools what a year of rewards has made too cheap."""
    stage.wrap_ether(TRADER, 20 * STEP_WEI)
    while pools.uniswap_price_wad() < FAIR_WAD and stage.weth_wei(TRADER) >= STEP_WEI:
        pools.buy(TRADER, STEP_WEI)
    jump(stage.rpc, WINDOW_SECONDS)


def _lose(stage: FormulaStage) -> None:
    """Announce a loss and apply it."""
    totals = stage.keel.vault.totals()
    loss_wei = totals.assetsWei // LOSS_PART // GWEI * GWEI
    for _ in range(2):
        stage.world.report(change_wei=-loss_wei)


def _look(stage: FormulaStage, lendings: dict[str, Lending], when: str) -> dict[str, Standing]:
    """Where each loop stands, interest included; by the market feed as if that were its own."""
    market_wei = market_feed_of(stage.site).function("latestRoundData")().answer
    found = {}
    for name, lending in lendings.items():
        lending.accrue()
        position = lending.position(name)
        bears_wei = position.units * market_wei // ETHER * LLTV_WAD // ETHER
        found[name] = Standing(
            when=when,
            collateral_wei=stage.keel.wrapped.convertToAssets(position.units),
            debt_wei=position.debt_wei,
            health_wad=lending.health_wad(name),
            market_health_wad=bears_wei * ETHER // position.debt_wei,
        )
    return found


def tell(loops: Loops) -> tuple[Part, ...]:
    """All of it."""
    first = loops.loops[0]
    gained = ", ".join(
        f"{change(each.year_gain_wei)} ETH at {each.interest_bps / 100:.1f} % interest"
        for each in loops.loops
    )
    return (
        f"Somebody stakes {ether(OWN_WEI)} ETH, borrows {BORROWED_BPS / 100:.0f} % of it on "
        f"Morpho, stakes that, and so on, {ROUNDS} times: collateral of "
        f"{ether(first.start.collateral_wei)} ETH, {first.leverage_bps / 10_000:.1f} times what is "
        "its own. One market takes less interest than wkETH earns, one more. Below a health of 1 "
        "anybody may liquidate. The last column is the health if the market asked the lesser of "
        "rate and pool, instead of the rate.",
        *(_grid(each) for each in loops.loops),
        _chart(loops),
        f"Over the year the validators earned {ether(loops.earned_wei)} ETH. Who only held gained "
        f"{change(loops.held_wei - OWN_WEI)} ETH on {ether(OWN_WEI)}; the loops gained {gained}. "
        "Leverage multiplies the difference between yield and interest, whichever sign it has. A "
        "slashing comes through the rate and so through both feeds. A sale in the pools alone does "
        "not touch a loop by the rate; by the market feed anybody may end it then.",
    )


def _chart(loops: Loops) -> Chart:
    lines = tuple(
        Line(
            f"at {each.interest_bps / 100:.1f} % interest",
            tuple(float(number * LOOK_FRAMES) for number in range(len(each.year))),
            tuple(standing.health_wad / ETHER for standing in each.year),
        )
        for each in loops.loops
    )
    return Chart("loop", "Health over a year of rewards", "days", "health", lines)


def _grid(looped: Looped) -> Grid:
    rows = tuple(
        (
            each.when,
            ether(each.collateral_wei, 4),
            ether(each.debt_wei, 4),
            change(each.own_wei - looped.start.own_wei),
            percent(each.own_wei - looped.start.own_wei, looped.start.own_wei),
            price(each.health_wad),
            price(each.market_health_wad),
        )
        for each in (looped.start, *looped.events)
    )
    columns = ("when", ">collateral, ETH", ">debt, ETH", ">gain, ETH", ">of its own", ">health")
    title = f"At {looped.interest_bps / 100:.1f} % interest a year"
    return Grid(title, (*columns, ">by the market feed"), rows)


LOOP = Story("loop", "Loop", FORMULA, (MORPHO,), live, tell)
