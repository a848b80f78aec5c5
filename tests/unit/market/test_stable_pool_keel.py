"""The pool beside a real Keel: its wkETH, its rewards, its losses, and WETH."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from ape.contracts import ContractContainer

from keel.chain.clock import jump
from keel.chain.contract import Contract
from keel.market.contracts import StablePool
from keel.model.constants import ETHER
from tests.causes import fails
from tests.deployment import Keel
from tests.unit.contracts.hands import deploy_test_contract, undone
from tests.unit.contracts.vaults import change, lose_everything, stake_most
from tests.unit.market.pools import ALL, RAY, deployed_pool, model_of

POOL_WEI = 300 * ETHER
MOST_GAS = {
    "exchange": 95_000,
    "addLiquidity": 115_000,
    "removeLiquidity": 78_000,
    "removeLiquidityOneCoin": 92_000,
}


@dataclass(frozen=True)
class Market:
    """A pool with 300 ETH of each coin, and who put them there."""

    keel: Keel
    pool: StablePool
    weth: Contract
    holder: str

    @property
    def rate_ray(self) -> int:
        """Wei of 10^27 units now."""
        return self.keel.quick.wrapped.convertToAssets(RAY)

    def sell(self, units: int) -> int:
        """Sell wkETH; return the WETH that came."""
        return self._trade(self.keel.quick.wrapped.address, units, self.weth)

    def buy(self, weth_wei: int) -> int:
        """Sell WETH; return the units that came."""
        return self._trade(self.weth.address, weth_wei, self.keel.quick.wrapped)

    def worth_wei(self, units: int) -> int:
        """What Keel says that units are worth."""
        return self.keel.quick.wrapped.convertToAssets(units)

    def _trade(self, token: str, amount: int, wanted: Contract) -> int:
        before = wanted.function("balanceOf")(self.holder)
        self.pool.exchange.send(token, amount, 0, self.holder, ALL, sender=self.holder)
        return int(wanted.function("balanceOf")(self.holder) - before)


@pytest.fixture
def weth(keel: Keel, test_contracts: dict[str, ContractContainer]) -> Contract:
    return deploy_test_contract(keel, test_contracts["TestWrappedEther"])


@pytest.fixture
def market(keel: Keel, weth: Contract) -> Market:
    """Beside a vault of 1,000 ETH, of which 960 are staked."""
    stake_most(keel)
    return opened(keel, weth, POOL_WEI)


def opened(keel: Keel, weth: Contract, amount_wei: int) -> Market:
    """Wrap both, and add them to a new pool."""
    holder, wrapped = str(keel.actors.depositor.address), keel.quick.wrapped
    weth.function("deposit").send(sender=holder, value_wei=2 * amount_wei)
    wrapped.deposit.send(amount_wei * 3 // 2, holder, sender=holder)
    pool = deployed_pool(keel.rpc, keel.artifacts, (wrapped.address, weth.address))
    for token in (wrapped, weth):
        token.function("approve").send(pool.address, ALL, sender=holder)
    units = wrapped.convertToShares(amount_wei)
    pool.addLiquidity.send(units, amount_wei, 0, holder, ALL, sender=holder)
    return Market(keel, pool, weth, holder)


def test_rewards_raise_the_share_and_not_the_price(market: Market) -> None:
    """POL-2, POL-10 and POL-11: wkETH is sold for what it is worth now, day after day."""
    share, rate_ray = market.pool.virtualPrice(), market.rate_ray
    first = market.sell(ETHER)
    change(market.keel, 20 * ETHER)
    jump(market.keel.rpc, 20 * market.keel.profile.frame_seconds)
    grown_ray = market.rate_ray
    assert grown_ray > rate_ray * 1005 // 1000
    assert market.pool.virtualPrice() == model_of(market.pool).virtual_price(grown_ray)
    assert market.pool.virtualPrice() > share + share // 500
    later = market.sell(ETHER)
    assert abs(later * rate_ray - first * grown_ray) < first * grown_ray // 10**4
    assert 9_990 <= later * 10_000 // market.worth_wei(ETHER) <= 10_000


def test_a_slashing_of_a_tenth_falls_on_the_shares_and_stops_nothing(market: Market) -> None:
    """POL-11: each function works at the new rate, and pays by it."""
    share, rate_ray = market.pool.virtualPrice(), market.rate_ray
    change(market.keel, -96 * ETHER)
    fallen_ray = market.rate_ray
    assert fallen_ray < rate_ray * 91 // 100
    pool, holder, wrapped = market.pool, market.holder, market.keel.quick.wrapped.address
    half_lost = share - share * (rate_ray - fallen_ray) // (2 * rate_ray)
    assert abs(pool.virtualPrice() - half_lost) < share // 1000
    assert 9_980 <= market.sell(ETHER) * 10_000 // market.worth_wei(ETHER) <= 10_010
    assert 9_980 <= market.worth_wei(market.buy(ETHER)) * 10_000 // ETHER <= 10_010
    pool.addLiquidity.send(ETHER, ETHER, 1, holder, ALL, sender=holder)
    pool.removeLiquidityOneCoin.send(ETHER, wrapped, 1, holder, ALL, sender=holder)
    pool.removeLiquidity.send(pool.balanceOf(holder), 1, 1, holder, ALL, sender=holder)


def test_who_sells_before_a_loss_is_booked_is_paid_by_the_shares(market: Market) -> None:
    """The open end of the chapter, in figures: what the seller is spared the holders bear."""
    sold = 100 * ETHER
    with undone(market.keel.rpc):
        change(market.keel, -96 * ETHER)
        untouched_wei = market.pool.invariantWei()
        after_wei = market.pool.previewExchange(market.keel.quick.wrapped.address, sold)
    before_wei = market.sell(sold)
    change(market.keel, -96 * ETHER)
    spared_wei = before_wei - after_wei
    assert spared_wei > 8 * ETHER
    lost_wei = untouched_wei - market.pool.invariantWei()
    assert abs(lost_wei - spared_wei) < ETHER // 2


def test_when_all_is_lost_the_holders_still_leave(keel: Keel, weth: Contract) -> None:
    """POL-2 and POL-6: nothing has a price, and both coins can be taken."""
    holder, wrapped = str(keel.actors.depositor.address), keel.quick.wrapped
    keel.quick.vault.depositWrapped.send(holder, "0x" + "00" * 20, sender=holder, value_wei=ETHER)
    weth.function("deposit").send(sender=holder, value_wei=2 * ETHER)
    pool = deployed_pool(keel.rpc, keel.artifacts, (wrapped.address, weth.address))
    for token in (wrapped, weth):
        token.function("approve").send(pool.address, ALL, sender=holder)
    pool.addLiquidity.send(ETHER // 2, ETHER // 2, 0, holder, ALL, sender=holder)
    market = Market(keel, pool, weth, holder)
    lose_everything(keel)
    assert market.rate_ray == 0
    _, left_wei = pool.reserves()
    acts: list[Callable[[], object]] = [
        lambda: market.buy(ETHER // 100),
        lambda: market.sell(ETHER // 100),
        lambda: pool.addLiquidity.send(1, 0, 0, holder, ALL, sender=holder),
        pool.virtualPrice,
    ]
    for act in acts:
        with fails("NoPrice", wrappedWei=0, wethWei=left_wei):
            act()
    shares = pool.balanceOf(holder)
    _, paid_wei = pool.previewRemoveLiquidity(shares)
    pool.removeLiquidity.send(shares, 1, paid_wei, holder, ALL, sender=holder)
    assert paid_wei > left_wei * 999 // 1000


def test_costs_no_more_gas_than_is_said(market: Market) -> None:
    """POL-3 on real tokens: nearly what the note at the chapter's end says, and not more."""
    pool, holder, wrapped = market.pool, market.holder, market.keel.quick.wrapped.address
    receipts = {
        "exchange": pool.exchange.send(wrapped, ETHER, 0, holder, ALL, sender=holder),
        "addLiquidity": pool.addLiquidity.send(ETHER, ETHER, 0, holder, ALL, sender=holder),
        "removeLiquidity": pool.removeLiquidity.send(ETHER, 0, 0, holder, ALL, sender=holder),
        "removeLiquidityOneCoin": pool.removeLiquidityOneCoin.send(
            ETHER, wrapped, 0, holder, ALL, sender=holder
        ),
    }
    for name, receipt in receipts.items():
        assert MOST_GAS[name] - 10_000 < receipt.gas_used <= MOST_GAS[name], name
