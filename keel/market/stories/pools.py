"""The two pools of wkETH and WETH in the stories: Keel's StablePool and Uniswap v3.

Traders take the better of both, part by part, so their prices stay together. A price here is that
over the protocol's rate: 10^18 is the peg.
"""

from dataclasses import dataclass

from keel.chain.contract import Contract
from keel.chain.revert import Reverted
from keel.market.contracts import StablePool
from keel.market.stories.stage import FOREVER, Stage
from keel.market.uniswap import price_wei, quote, swap
from keel.model.constants import ETHER

AMPLIFICATION = 50
FEE_PER_MILLION = 400


@dataclass(frozen=True, slots=True, repr=False)
class Pools:
    """Both pools of a stage."""

    stage: Stage
    stable: StablePool

    def stable_price_wad(self) -> int:
        """Of StablePool, before its fee."""
        return self.stable.spotPrice()

    def uniswap_price_wad(self) -> int:
        """Of Uniswap, before its fee."""
        return price_wei(self.stage.site) * ETHER // self.stage.rate_wei()

    def best_sale_wei(self, units: int) -> int:
        """WETH that so many units of wkETH fetch in the better pool."""
        return max(self._quotes(self.stage.keel.wrapped, self.stage.weth, units))

    def best_purchase(self, weth_wei: int) -> int:
        """Units of wkETH that so much WETH buys in the better pool."""
        return max(self._quotes(self.stage.weth, self.stage.keel.wrapped, weth_wei))

    def sell(self, name: str, units: int, parts: int = 1) -> int:
        """Let somebody sell wkETH in equal parts; returns the WETH."""
        return self._trade(name, self.stage.keel.wrapped, self.stage.weth, units, parts)

    def buy(self, name: str, weth_wei: int, parts: int = 1) -> int:
        """Let somebody buy wkETH in equal parts; returns the units."""
        return self._trade(name, self.stage.weth, self.stage.keel.wrapped, weth_wei, parts)

    def better_price_wad(self) -> int:
        """Of the pool that pays more for the next wkETH."""
        return max(self.stable_price_wad(), self.uniswap_price_wad())

    def _trade(self, name: str, paid: Contract, bought: Contract, amount: int, parts: int) -> int:
        got, left = 0, amount
        for number in range(parts, 0, -1):
            part = left // number
            left -= part
            in_stable, in_uniswap = self._quotes(paid, bought, part)
            if in_stable >= in_uniswap:
                got += self._exchange(name, paid, bought, part)
            else:
                got += swap(self.stage.site, self.stage.who(name), paid, bought, part)
        return got

    def _exchange(self, name: str, paid: Contract, bought: Contract, amount: int) -> int:
        who, balance_of = self.stage.who(name), bought.function("balanceOf")
        before = balance_of(who)
        paid.function("approve").send(self.stable.address, amount, sender=who)
        self.stable.exchange.send(paid.address, amount, 0, who, FOREVER, sender=who)
        return int(balance_of(who) - before)

    def _quotes(self, paid: Contract, bought: Contract, amount: int) -> tuple[int, int]:
        in_stable = self.stable.previewExchange(paid.address, amount)
        try:
            return in_stable, quote(self.stage.site, paid, bought, amount)
        except Reverted:
            return in_stable, 0  # beyond its positions Uniswap has nothing to give


def open_pools(stage: Stage, provider: str, side_wei: int) -> Pools:
    """Deploy StablePool and let somebody bring so much of both coins; Uniswap has its position."""
    artifact = stage.site.own("StablePool")
    tokens = (stage.keel.wrapped.address, stage.weth.address)
    created = stage.site.deployer.create(artifact, *tokens, AMPLIFICATION, FEE_PER_MILLION)
    stage.site.deployer.settle()
    pool = StablePool(stage.rpc, created.address, artifact.abi)
    units = stage.buy(provider, side_wei)
    stage.wrap_ether(provider, side_wei)
    stage.allow(provider, pool)
    who = stage.who(provider)
    pool.addLiquidity.send(units, side_wei, 0, who, FOREVER, sender=who)
    return Pools(stage, pool)
