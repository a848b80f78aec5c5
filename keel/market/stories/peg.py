"""The peg breaks: a large holder sells into the pools while tickets wait, as in June 2022.

All ether is staked but for the last deposits. Other holders ask for tickets at the same time, and
traders take what pays. It happens twice from the same state: with instant redemption, and while the
guardian has paused it.
"""

from collections.abc import Callable

from keel.chain.clock import jump, jump_to, reverting
from keel.market.feeds import WINDOW_SECONDS, market_feed_of, rate_feed_of
from keel.market.morpho import MORPHO
from keel.market.stories.formula import FORMULA, FormulaStage
from keel.market.stories.lending import Lending, open_lending
from keel.market.stories.peg_figures import (
    BORROWERS,
    CAPITAL_WEI,
    COLLATERAL_WEI,
    EXIT_DAYS,
    LENT_WEI,
    LOOK_DAYS,
    MARKET,
    MOST_DAYS,
    NEW_WEI,
    PEGGED_WAD,
    POOL_SIDE_WEI,
    RATE,
    RUN_WEI,
    SALE_HOURS,
    SALE_UNITS,
    UNSTAKED_WEI,
    Course,
    Moment,
    Peg,
)
from keel.market.stories.peg_telling import tell
from keel.market.stories.peg_traders import ARBITRAGEUR, ATTACKER, LIQUIDATOR, Traders
from keel.market.stories.pools import Pools, open_pools
from keel.market.stories.story import Story
from keel.market.stories.watched import Alarms, watching
from keel.market.stories.worth import Ledger, changes_wei, pool_contracts
from keel.model.constants import ETHER, VALIDATOR_DEPOSIT_WEI
from keel.model.rounding import ceil_div

HOUR = 3_600
SELLER, LEAVER, NEWCOMER = "depositor", "redeemer", "council"
PARTIES = {
    SELLER: "the large holder",
    LEAVER: "holders who asked for tickets",
    ARBITRAGEUR: "arbitrageur",
    ATTACKER: "borrower against the rate feed",
    LIQUIDATOR: "liquidator",
    NEWCOMER: "newcomers",
    **dict.fromkeys(BORROWERS, "borrowers of before"),
}


class _Course:
    """The hours of the sale and the days after it."""

    def __init__(
        self,
        stage: FormulaStage,
        pools: Pools,
        lendings: dict[str, Lending],
        course: Course,
        alarms: Callable[[], Alarms],
    ):
        self._stage = stage
        self._pools = pools
        self._lendings = lendings
        self._course = course
        self._alarms = alarms
        self._traders = Traders(stage, pools, lendings, course)
        self._began = stage.now()
        self._sold = 0
        self._exits: dict[int, int] = {}
        self._exited = 0

    def live(self) -> None:
        """Sell, then wait until the peg is back."""
        self._look()
        for hour in range(1, SALE_HOURS + 1):
            self._sell_for_an_hour(hour)
        for day in range(1, MOST_DAYS + 1):
            self._pass_day(day)
            is_back = self._pools.better_price_wad() >= PEGGED_WAD
            is_over = is_back and not self._traders.waits
            if is_over or day % LOOK_DAYS == 0:
                self._look()
            if is_over:
                return

    def _sell_for_an_hour(self, hour: int) -> None:
        leaver, traders = self._stage.who(LEAVER), self._traders
        self._course.seller_wei += self._pools.sell(SELLER, SALE_UNITS, 4)
        self._sold += SALE_UNITS
        self._stage.keel.queue.request.send(RUN_WEI, leaver, sender=leaver)
        traders.redeem_instantly()
        traders.borrow_against_the_rate()
        traders.liquidate()
        jump_to(self._stage.rpc, self._began + hour * HOUR)
        traders.liquidate()
        self._look()

    def _pass_day(self, day: int) -> None:
        stage, traders = self._stage, self._traders
        traders.liquidate()
        traders.redeem_instantly()
        if self._pools.better_price_wad() < ETHER:
            stage.wrap_ether(NEWCOMER, NEW_WEI)
            self._pools.buy(NEWCOMER, NEW_WEI)
        traders.request_tickets(EXIT_DAYS)
        self._ask_for_exits(day)
        exited = self._exits.pop(day, 0)
        self._exited += exited
        paid_wei = exited * VALIDATOR_DEPOSIT_WEI
        stage.world.report(
            change_wei=-paid_wei, withdrawals_wei=paid_wei, exited_validators=self._exited
        )
        traders.claim_tickets()

    def _ask_for_exits(self, day: int) -> None:
        """Let as many validators leave as the queue needs beyond what is there or on its way."""
        keel = self._stage.keel
        coming_wei = sum(self._exits.values()) * VALIDATOR_DEPOSIT_WEI
        missing_wei = keel.queue.owedWei() - keel.vault.bufferedWei() - coming_wei
        if missing_wei > 0:
            self._exits[day + EXIT_DAYS] = ceil_div(missing_wei, VALIDATOR_DEPOSIT_WEI)

    def _look(self) -> None:
        names, sale_wei = (*BORROWERS, ATTACKER), self._pools.best_sale_wei
        self._course.moments.append(
            Moment(
                seconds=self._stage.now() - self._began,
                sold_units=self._sold,
                stable_wad=self._pools.stable_price_wad(),
                uniswap_wad=self._pools.uniswap_price_wad(),
                feed_wei={feed: each.price_wei() for feed, each in self._lendings.items()},
                instant_wad=self._traders.paid_at_once_wei(ETHER),
                queue_wei=self._stage.keel.queue.owedWei(),
                short_wei={
                    feed: each.short_wei(names, sale_wei) for feed, each in self._lendings.items()
                },
                alarms=self._alarms(),
            )
        )


def live(stage: FormulaStage) -> Peg:
    """Prepare, and live both courses."""
    pools, lendings = _prepare(stage)
    contracts = pool_contracts(stage, pools.stable)
    ledger = Ledger(stage, PARTIES, contracts, list(lendings.values()))
    courses = []
    for has_instant in (True, False):
        with reverting(stage.rpc):
            if not has_instant:
                guardian = stage.who("guardian")
                stage.keel.instant.pause.send(
                    stage.keel.instant.MAX_PAUSE_SECONDS(), sender=guardian
                )
            course = Course(has_instant)
            before = ledger.worth_wei()
            with watching(stage, pools, lendings[RATE]) as alarms:
                _Course(stage, pools, lendings, course, alarms).live()
            course.changes_wei = changes_wei(before, ledger.worth_wei())
            courses.append(course)
    return Peg(*courses)


def _prepare(stage: FormulaStage) -> tuple[Pools, dict[str, Lending]]:
    pools = open_pools(stage, "deployer", POOL_SIDE_WEI)
    lendings = {RATE: open_lending(stage, rate_feed_of(stage.site), "deployer", LENT_WEI)}
    jump(stage.rpc, WINDOW_SECONDS + 100)  # the mean price needs as much memory
    lendings[MARKET] = open_lending(stage, market_feed_of(stage.site), "deployer", LENT_WEI)
    for name, part in BORROWERS.items():
        for lending in lendings.values():
            lending.bring(name, stage.buy(name, COLLATERAL_WEI))
            lending.borrow(name, COLLATERAL_WEI * part // 100)
    leaver = stage.who(LEAVER)
    waiting_wei = RUN_WEI * SALE_HOURS + ETHER
    stage.keel.vault.deposit.send(leaver, leaver, sender=leaver, value_wei=waiting_wei)
    stage.stake_more()
    stage.buy(NEWCOMER, UNSTAKED_WEI)
    for name in (ARBITRAGEUR, LIQUIDATOR, ATTACKER):
        stage.wrap_ether(name, CAPITAL_WEI)
    return pools, lendings


PEG = Story("peg", "The peg breaks", FORMULA, (MORPHO,), live, tell)
