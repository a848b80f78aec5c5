"""The pool of wkETH and WETH: what each call pays and leaves (POL-2, POL-4 to POL-7, POL-10).

Worths are in wei, amounts of wkETH in units; the rate is in wei of 10^27 units. The curve is taken
by its definition, so an agreement with the contract says that its search is right.
"""

from dataclasses import dataclass

from keel.model.errors import Refused
from keel.model.market.stable_curve import (
    MOST_WEI,
    WAD,
    invariant_wei,
    least_reserve_wei,
    spot_price,
)
from keel.model.rounding import ceil_div

RATE_UNIT = 10**27
FEE_UNIT = 10**6
LOCKED_SHARES = 10**12
FIRST_LEAST_WEI = 10**15
LEFT_BEHIND = 10
MOST_PRICE = 2**88 - 1


@dataclass(eq=False)
class BelowMinimum(Refused):
    """Less than the caller accepts, or nothing for something."""

    amount: int
    minimum: int


@dataclass(eq=False)
class FirstDepositTooSmall(Refused):
    """POL-5."""

    worth_wei: int
    least_wei: int


@dataclass(eq=False)
class MoreThanSupply(Refused):
    """POL-6."""

    shares: int
    supply: int


@dataclass(eq=False)
class NoPrice(Refused):
    """POL-2: a reserve is worth nothing."""

    wrapped_wei: int
    weth_wei: int


@dataclass(eq=False)
class PoolTooLarge(Refused):
    """POL-2."""

    reserve_wei: int
    most_wei: int


@dataclass(frozen=True)
class Reserves:
    """What calls brought and took (POL-8)."""

    units: int = 0
    weth_wei: int = 0


@dataclass(frozen=True)
class Trade:
    """What a trade pays, and the fee in it that stays."""

    left: Reserves
    amount_out: int
    fee_wei: int


@dataclass
class StablePool:
    """One pool. A refused call leaves it as it was; minimum amounts are at least 1 where paid."""

    amplification: int
    fee_per_million: int
    held: Reserves = Reserves()
    supply: int = 0
    price_sum: int = 0
    price: int = 0
    priced_at: int = 0

    @property
    def leverage(self) -> int:
        """4A."""
        return 4 * self.amplification

    def exchange(self, rate_ray: int, now: int, is_wrapped_in: bool, amount_in: int) -> Trade:
        """POL-4; raises Refused."""
        trade = self._traded(self.held, rate_ray, is_wrapped_in, amount_in)
        _require_least(trade.amount_out, 1)
        self._keep(trade.left, rate_ray, now)
        return trade

    def add(self, rate_ray: int, now: int, units: int, weth_wei: int) -> tuple[int, int]:
        """Shares minted and the fee in wei (POL-5); raises Refused."""
        grown = Reserves(self.held.units + units, self.held.weth_wei + weth_wei)
        shares, fee_wei = self._minted(grown, rate_ray)
        _require_least(shares, 1)
        self.supply += shares + (0 if self.supply else LOCKED_SHARES)
        self._keep(grown, rate_ray, now)
        return shares, fee_wei

    def remove(self, shares: int) -> Reserves:
        """Units and wei paid (POL-6); raises MoreThanSupply."""
        part = self._part_of(shares)
        self.held = _less(self.held, part)
        self.supply -= shares
        return part

    def remove_one(self, rate_ray: int, now: int, shares: int, is_wrapped_out: bool) -> int:
        """Units or wei paid (POL-7); raises Refused."""
        part = self._part_of(shares)
        unwanted, wanted = part.units, part.weth_wei
        if is_wrapped_out:
            unwanted, wanted = wanted, unwanted
        trade = self._traded(_less(self.held, part), rate_ray, not is_wrapped_out, unwanted)
        _require_least(trade.amount_out + wanted, 1)
        self.supply -= shares
        self._keep(trade.left, rate_ray, now)
        return trade.amount_out + wanted

    def invariant_wei(self, rate_ray: int) -> int:
        """D; raises NoPrice or PoolTooLarge."""
        return invariant_wei(*_worths(self.held, rate_ray), self.leverage)

    def virtual_price(self, rate_ray: int) -> int:
        """Wei of D a whole share (POL-10); raises NoPrice or PoolTooLarge."""
        return self.invariant_wei(rate_ray) * WAD // self.supply

    def spot_price(self, rate_ray: int) -> int:
        """POL-10; raises NoPrice or PoolTooLarge."""
        return spot_price(*_worths(self.held, rate_ray), self.leverage)

    def cumulative_price(self, now: int) -> int:
        """Prices by the seconds that they stood (POL-10)."""
        return self.price_sum + self.price * (now - self.priced_at)

    def _keep(self, held: Reserves, rate_ray: int, now: int) -> None:
        self.price_sum, self.priced_at = self.cumulative_price(now), now
        self.held = held
        self.price = min(self.spot_price(rate_ray), MOST_PRICE)

    def _traded(self, held: Reserves, rate_ray: int, is_wrapped_in: bool, amount_in: int) -> Trade:
        x_wei, y_wei = _worths(held, rate_ray)
        d_wei = invariant_wei(x_wei, y_wei, self.leverage)
        if is_wrapped_in:
            units = held.units + amount_in
            grown_wei = _bounded(units * rate_ray // RATE_UNIT)
            least_wei = least_reserve_wei(grown_wei, d_wei, self.leverage)
            gross_wei = y_wei - least_wei if grown_wei > x_wei else 0
            fee_wei = self._fee_wei(gross_wei)
            out_wei = gross_wei - fee_wei
            return Trade(Reserves(units, y_wei - out_wei), out_wei, fee_wei)
        grown_wei = _bounded(y_wei + amount_in)
        least_wei = least_reserve_wei(grown_wei, d_wei, self.leverage)
        gross_wei = x_wei - least_wei if amount_in > 0 else 0
        fee_wei = self._fee_wei(gross_wei)
        out = (gross_wei - fee_wei) * RATE_UNIT // rate_ray
        return Trade(Reserves(held.units - out, grown_wei), out, fee_wei)

    def _minted(self, grown: Reserves, rate_ray: int) -> tuple[int, int]:
        after = _worths(grown, rate_ray)
        after_wei = invariant_wei(*after, self.leverage)
        if self.supply == 0:
            if after_wei < FIRST_LEAST_WEI:
                raise FirstDepositTooSmall(after_wei, FIRST_LEAST_WEI)
            return after_wei - LOCKED_SHARES, 0
        before = _worths(self.held, rate_ray)
        before_wei = invariant_wei(*before, self.leverage)
        fees = [
            self._fee_wei(max(0, new - old * after_wei // before_wei))
            for old, new in zip(before, after, strict=True)
        ]
        counted = [new - fee for new, fee in zip(after, fees, strict=True)]
        gained_wei = max(0, invariant_wei(counted[0], counted[1], self.leverage) - before_wei)
        return gained_wei * self.supply // before_wei, sum(fees)

    def _part_of(self, shares: int) -> Reserves:
        if shares > self.supply:
            raise MoreThanSupply(shares, self.supply)
        if shares == 0:
            return Reserves()
        units = self.held.units * shares // self.supply
        weth_wei = self.held.weth_wei * shares // self.supply
        return Reserves(max(0, units - LEFT_BEHIND), max(0, weth_wei - LEFT_BEHIND))

    def _fee_wei(self, amount_wei: int) -> int:
        return ceil_div(amount_wei * self.fee_per_million, FEE_UNIT)


def _less(held: Reserves, part: Reserves) -> Reserves:
    return Reserves(held.units - part.units, held.weth_wei - part.weth_wei)


def _worths(held: Reserves, rate_ray: int) -> tuple[int, int]:
    wrapped_wei = _bounded(held.units * rate_ray // RATE_UNIT)
    weth_wei = _bounded(held.weth_wei)
    if wrapped_wei == 0 or weth_wei == 0:
        raise NoPrice(wrapped_wei, weth_wei)
    return wrapped_wei, weth_wei


def _bounded(reserve_wei: int) -> int:
    if reserve_wei > MOST_WEI:
        raise PoolTooLarge(reserve_wei, MOST_WEI)
    return reserve_wei


def _require_least(amount: int, minimum: int) -> None:
    if amount < minimum:
        raise BelowMinimum(amount, minimum)
