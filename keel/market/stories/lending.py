"""Markets of Morpho Blue that lend WETH on wkETH, each with a feed of its own."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from keel.chain.contract import Contract
from keel.market.morpho import (
    INTEREST_PER_SECOND_WAD,
    LLTV_WAD,
    morpho_of,
)
from keel.market.stories.stage import Stage
from keel.market.weth import WETH
from keel.model.constants import ETHER
from keel.model.rounding import ceil_div
from keel.sight.market.loans import MarketParams, market_id

LIQUIDATION_WAD = ETHER * ETHER // (ETHER - (ETHER - LLTV_WAD) * 3 // 10)
"""What a liquidator gets for what it pays: Morpho's incentive at this LLTV."""

_PRICE = 10**36
_VIRTUAL_SHARES = 10**6


@dataclass(frozen=True, slots=True)
class Position:
    """Units of wkETH, and wei of WETH owed, interest of this moment included."""

    units: int
    debt_wei: int


@dataclass(frozen=True, slots=True)
class Liquidation:
    """Units that a liquidator got, and the wei that it paid."""

    units: int
    paid_wei: int


@dataclass(frozen=True, slots=True, repr=False)
class Lending:
    """One market on Morpho, with what it asks for the price."""

    stage: Stage
    params: MarketParams
    oracle: Contract

    @property
    def morpho(self) -> Contract:
        """Morpho Blue."""
        return morpho_of(self.stage.site)

    def price_wei(self) -> int:
        """What a whole wkETH is worth here."""
        return int(self.oracle.function("price")() * ETHER // _PRICE)

    def supply(self, name: str, weth_wei: int) -> None:
        """Let somebody lend WETH."""
        who = self.stage.who(name)
        self.stage.wrap_ether(name, weth_wei)
        self.stage.allow(name, self.morpho)
        self.morpho.function("supply").send(self.params, weth_wei, 0, who, b"", sender=who)

    def bring(self, name: str, units: int) -> None:
        """Let somebody bring wkETH that it has."""
        who = self.stage.who(name)
        self.stage.allow(name, self.morpho)
        self.morpho.function("supplyCollateral").send(self.params, units, who, b"", sender=who)

    def borrow(self, name: str, weth_wei: int) -> None:
        """Let somebody borrow; raises Reverted beyond what its collateral allows."""
        who = self.stage.who(name)
        self.morpho.function("borrow").send(self.params, weth_wei, 0, who, who, sender=who)

    def accrue(self) -> None:
        """Let the interest up to now be booked."""
        sender = self.stage.who("stranger")
        self.morpho.function("accrueInterest").send(self.params, sender=sender)

    def free_wei(self) -> int:
        """WETH that nobody has borrowed."""
        market = self._market()
        return int(market.totalSupplyAssets - market.totalBorrowAssets)

    def position(self, name: str) -> Position:
        """Of somebody, by the interest booked so far."""
        market = self._market()
        found = self.morpho.function("position")(market_id(self.params), self.stage.who(name))
        debt_wei = ceil_div(
            found.borrowShares * (market.totalBorrowAssets + 1),
            market.totalBorrowShares + _VIRTUAL_SHARES,
        )
        return Position(found.collateral, debt_wei if found.borrowShares else 0)

    def health_wad(self, name: str) -> int:
        """What the collateral may bear over what is owed; below 10^18 it may be sold."""
        found = self.position(name)
        bears_wei = found.units * self.price_wei() // ETHER * LLTV_WAD // ETHER
        return bears_wei * ETHER // found.debt_wei if found.debt_wei else 2**127

    def can_borrow_wei(self, name: str) -> int:
        """What somebody can borrow still, by the interest booked so far; never below 0."""
        found = self.position(name)
        bears_wei = found.units * self.price_wei() // ETHER * LLTV_WAD // ETHER
        return min(self.free_wei(), max(0, bears_wei - found.debt_wei))

    def short_wei(self, names: Iterable[str], sale_wei: Callable[[int], int]) -> int:
        """What debts are above what each one's collateral would fetch: bad debt if it were sold."""
        found = [self.position(name) for name in names]
        owed = [each for each in found if each.debt_wei]
        return sum(max(0, each.debt_wei - sale_wei(each.units)) for each in owed)

    def liquidate(self, name: str, liquidator: str, seized: int = 0) -> Liquidation:
        """Let somebody repay for another: all of the debt, or for so many units of collateral.

        Where nothing of the collateral is left, the lenders lose the rest of the debt. Raises
        Reverted where the position is healthy.
        """
        stage, before = self.stage, self.stage.weth_wei(liquidator)
        had = stage.units(liquidator)
        found = self.morpho.function("position")(market_id(self.params), stage.who(name))
        shares = 0 if seized else found.borrowShares
        stage.allow(liquidator, self.morpho)
        order = (self.params, stage.who(name), seized, shares, b"")
        self.morpho.function("liquidate").send(*order, sender=stage.who(liquidator))
        return Liquidation(stage.units(liquidator) - had, before - stage.weth_wei(liquidator))

    def _market(self) -> Any:
        return self.morpho.function("market")(market_id(self.params))


def open_lending(
    stage: Stage,
    feed: Contract,
    lender: str,
    supply_wei: int,
    interest_wad: int = INTEREST_PER_SECOND_WAD,
) -> Lending:
    """Create a market with a feed and an interest per second, and let somebody lend in it."""
    site, salt = stage.site, (1).to_bytes(32)
    oracle = site.deployer.create(site.own("MorphoOracle"), feed, salt=salt)
    interest = site.deployer.create(site.own("FixedRate"), interest_wad)
    site.deployer.settle()
    wrapped = stage.keel.wrapped.address
    params = (WETH.found(site).weth, wrapped, oracle.address, interest.address, LLTV_WAD)
    morpho = morpho_of(site)
    if not morpho.function("isIrmEnabled")(interest.address):
        morpho.function("enableIrm").send(interest.address, sender=stage.who("deployer"))
    morpho.function("createMarket").send(params, sender=stage.who("deployer"))
    lending = Lending(stage, params, oracle)
    lending.supply(lender, supply_wei)
    return lending
