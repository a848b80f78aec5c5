"""Who trades while the peg is off: at once, by tickets, against a feed, and for debts."""

from keel.chain.revert import Reverted
from keel.market.morpho import LLTV_WAD
from keel.market.stories.lending import LIQUIDATION_WAD, Lending
from keel.market.stories.peg_figures import (
    BORROWERS,
    HURDLE_BPS,
    MARKET,
    RATE,
    STEP_WEI,
    Course,
    Liquidated,
)
from keel.market.stories.pools import Pools
from keel.market.stories.stage import Stage
from keel.model.constants import BPS, ETHER, SHARES_PER_UNIT
from keel.model.frames import State

ARBITRAGEUR, LIQUIDATOR, ATTACKER = "stranger", "keeper", "attacker"
_LOOSE_WEI = 10**14
"""Left of what could be borrowed, for the interest until the transaction is mined."""


class Traders:
    """They act whenever it pays, a step at a time, and write down what they gained."""

    def __init__(
        self, stage: Stage, pools: Pools, lendings: dict[str, Lending], course: Course
    ) -> None:
        self._stage = stage
        self._pools = pools
        self._lendings = lendings
        self._course = course
        self._began = stage.now()
        self._tickets: list[int] = []

    @property
    def waits(self) -> bool:
        """Whether a ticket of theirs is not paid yet."""
        return bool(self._tickets)

    def paid_at_once_wei(self, worth_wei: int) -> int:
        """What instant redemption pays for wkETH; 0 while it is closed or has too little."""
        keel = self._stage.keel
        is_paused = keel.instant.pausedUntil() > self._stage.now()
        if is_paused or keel.vault.state() != State.NORMAL:
            return 0
        try:
            return keel.instant.previewRedeem(keel.vault.toSharesUp(worth_wei)).paidWei
        except Reverted:
            return 0

    def redeem_instantly(self) -> None:
        """Buy in the pools and redeem at once, while that pays."""
        stage, course, who = self._stage, self._course, self._stage.who(ARBITRAGEUR)
        while stage.weth_wei(ARBITRAGEUR) >= STEP_WEI:
            worth_wei = stage.keel.wrapped.convertToAssets(self._pools.best_purchase(STEP_WEI))
            if self.paid_at_once_wei(worth_wei) <= STEP_WEI:
                return
            shares = self._buy_shares()
            worth_wei = stage.keel.vault.toAssetsDown(shares)
            before_wei = stage.ether_wei(ARBITRAGEUR)
            stage.keel.instant.redeem.send(shares, who, STEP_WEI, sender=who)
            paid_wei = stage.ether_wei(ARBITRAGEUR) - before_wei
            stage.wrap_ether(ARBITRAGEUR, paid_wei)
            course.instant_units += shares // SHARES_PER_UNIT
            course.instant_gain_wei += paid_wei - STEP_WEI
            course.instant_fee_wei += worth_wei - paid_wei

    def request_tickets(self, wait_days: int) -> None:
        """Buy in the pools and ask for tickets, while these pay what the wait is worth."""
        stage, who = self._stage, self._stage.who(ARBITRAGEUR)
        hurdle_wad = ETHER + ETHER * HURDLE_BPS * wait_days // 365 // BPS
        least_wei = STEP_WEI * hurdle_wad // ETHER
        while stage.weth_wei(ARBITRAGEUR) >= STEP_WEI:
            units = self._pools.best_purchase(STEP_WEI)
            if stage.keel.wrapped.convertToAssets(units) < least_wei:
                return
            shares = self._buy_shares()
            amount_wei = stage.keel.vault.toAssetsDown(shares)
            stage.keel.queue.request.send(amount_wei, who, sender=who)
            self._tickets.append(stage.keel.queue.lastTicket())
            self._course.ticket_units += shares // SHARES_PER_UNIT
            self._course.ticket_gain_wei += amount_wei - STEP_WEI

    def claim_tickets(self) -> None:
        """Take the ether of tickets that a report has finalised."""
        stage, who = self._stage, self._stage.who(ARBITRAGEUR)
        last = stage.keel.queue.lastFinalised()
        for ticket_id in [each for each in self._tickets if each <= last]:
            before_wei = stage.ether_wei(ARBITRAGEUR)
            stage.keel.queue.claim.send(ticket_id, sender=who)
            stage.wrap_ether(ARBITRAGEUR, stage.ether_wei(ARBITRAGEUR) - before_wei)
            self._tickets.remove(ticket_id)

    def borrow_against_the_rate(self) -> None:
        """Buy cheaply in the pools, borrow more than that at the rate, and keep the difference."""
        stage, lending = self._stage, self._lendings[RATE]
        while True:
            units = self._pools.best_purchase(STEP_WEI)
            refused_wei = _loan_wei(self._lendings[MARKET], units) - STEP_WEI
            self._course.refused_gain_wei = max(self._course.refused_gain_wei, refused_wei)
            loan_wei = _loan_wei(lending, units)
            if not STEP_WEI + _LOOSE_WEI * 100 < loan_wei <= lending.free_wei():
                return
            before_wei = stage.weth_wei(ATTACKER)
            units = self._pools.buy(ATTACKER, STEP_WEI)
            lending.bring(ATTACKER, units)
            lending.accrue()
            lending.borrow(ATTACKER, lending.can_borrow_wei(ATTACKER) - _LOOSE_WEI)
            self._course.attack_units += units
            self._course.attack_gain_wei += stage.weth_wei(ATTACKER) - before_wei

    def liquidate(self) -> None:
        """Close what is not healthy, where the collateral fetches more than the debt."""
        for feed, lending in self._lendings.items():
            lending.accrue()
            for name in (*BORROWERS, ATTACKER):
                found = lending.position(name)
                if not found.debt_wei or lending.health_wad(name) >= ETHER:
                    continue
                seized = found.debt_wei * LIQUIDATION_WAD // lending.price_wei()
                if seized <= found.units and self._pools.best_sale_wei(seized) > found.debt_wei:
                    self._close(feed, lending, name)

    def _close(self, feed: str, lending: Lending, name: str) -> None:
        before_wei = self._stage.weth_wei(LIQUIDATOR)
        done = lending.liquidate(name, LIQUIDATOR)
        self._pools.sell(LIQUIDATOR, done.units, 2)
        gain_wei = self._stage.weth_wei(LIQUIDATOR) - before_wei
        seconds = self._stage.now() - self._began
        self._course.liquidations.append(Liquidated(name, feed, seconds, done.paid_wei, gain_wei))

    def _buy_shares(self) -> int:
        """Buy a step's worth of wkETH and unwrap it; returns the shares of kETH."""
        keel, who = self._stage.keel, self._stage.who(ARBITRAGEUR)
        before = keel.vault.sharesOf(who)
        units = self._pools.buy(ARBITRAGEUR, STEP_WEI)
        keel.wrapped.redeem.send(units, who, who, sender=who)
        return keel.vault.sharesOf(who) - before


def _loan_wei(lending: Lending, units: int) -> int:
    return units * lending.price_wei() // ETHER * LLTV_WAD // ETHER
