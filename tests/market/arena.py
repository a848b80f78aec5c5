"""Where markets are attacked: real pools and loans of wkETH, and naive feeds beside Keel's."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ape.contracts import ContractContainer

from keel.chain.clock import jump
from keel.chain.contract import Contract, deploy
from keel.deploy.artifacts import Artifacts
from keel.market.feeds import WINDOW_SECONDS, market_feed_of, rate_feed_of
from keel.market.morpho import MORPHO
from keel.market.stories.formula import FORMULA, FormulaStage
from keel.market.stories.lending import Lending, open_lending
from keel.market.stories.pools import Pools, open_pools
from keel.market.stories.stage import Stage
from keel.market.uniswap import pool_of, swap
from keel.model.constants import ETHER

POOL_SIDE_WEI = 150 * ETHER
LENT_WEI = 100 * ETHER
DEBT_PARTS = {"holder": 80, "underwriter": 90, "redeemer": 93}
"""What each borrower owes, as percent of its collateral at the rate."""

COLLATERAL_WEI = 10 * ETHER
LOOSE_WEI = 10**9
ATTACKER, CAPITAL_WEI = "attacker", 400 * ETHER


@dataclass(frozen=True, slots=True, repr=False)
class Arena:
    """Lendings by feed: `rate` and `market` are Keel's, `spot` and `par` are naive."""

    stage: FormulaStage
    pools: Pools
    lendings: Mapping[str, Lending]

    def worth_wei(self, name: str) -> int:
        """All that somebody has, wkETH at the protocol's rate, loans taken off."""
        rate_wei = self.stage.rate_wei()
        worth_wei = self.stage.ether_wei(name) + self.stage.units(name) * rate_wei // ETHER
        for lending in self.lendings.values():
            lending.accrue()
            found = lending.position(name)
            worth_wei += found.units * rate_wei // ETHER - found.debt_wei
        return worth_wei

    def buy_on_uniswap(self, weth_wei: int) -> int:
        """Let the attacker buy there alone; returns units."""
        stage = self.stage
        who, wrapped = stage.who(ATTACKER), stage.keel.wrapped
        return swap(stage.site, who, stage.weth, wrapped, weth_wei)

    def sell_on_uniswap(self, units: int) -> int:
        """Let the attacker sell there alone; returns WETH."""
        stage = self.stage
        who, wrapped = stage.who(ATTACKER), stage.keel.wrapped
        return swap(stage.site, who, wrapped, stage.weth, units)

    def borrow_all(self, feed: str, units: int) -> int:
        """Let the attacker bring wkETH and borrow all but `LOOSE_WEI`; returns wei."""
        lending = self.lendings[feed]
        lending.bring(ATTACKER, units)
        lending.accrue()
        amount_wei = lending.can_borrow_wei(ATTACKER) - LOOSE_WEI
        lending.borrow(ATTACKER, amount_wei)
        return amount_wei


@contextmanager
def open_arena(
    artifacts: Artifacts, test_contracts: Mapping[str, ContractContainer]
) -> Iterator[Arena]:
    """Start a chain with all of it; three people have borrowed in each market."""
    with FORMULA.open(artifacts, (MORPHO,), lambda _: None) as stage:
        pools = open_pools(stage, "deployer", POOL_SIDE_WEI)
        jump(stage.rpc, WINDOW_SECONDS + 100)  # the mean price needs as much memory
        pool = pool_of(stage.site)
        par = place(stage, test_contracts, "TestFeed", 18)
        par.function("set").send(stage.rate_wei(), sender=stage.who("deployer"))
        feeds = {
            "rate": rate_feed_of(stage.site),
            "market": market_feed_of(stage.site),
            "spot": place(stage, test_contracts, "TestSpotFeed", pool, stage.keel.wrapped),
            "par": par,
        }
        lendings = {
            name: open_lending(stage, feed, "deployer", LENT_WEI) for name, feed in feeds.items()
        }
        for name, part in DEBT_PARTS.items():
            for lending in lendings.values():
                lending.bring(name, stage.buy(name, COLLATERAL_WEI))
                lending.borrow(name, COLLATERAL_WEI * part // 100)
        stage.wrap_ether(ATTACKER, CAPITAL_WEI)
        stage.buy(ATTACKER, CAPITAL_WEI)
        yield Arena(stage, pools, lendings)


def place(
    stage: Stage, test_contracts: Mapping[str, ContractContainer], name: str, *arguments: Any
) -> Contract:
    """Deploy a contract of tests/contracts on the stage's chain."""
    compiled = test_contracts[name].contract_type
    code = bytes(compiled.get_deployment_bytecode() or b"")
    abi = [entry.model_dump(mode="json", by_alias=True) for entry in compiled.abi]
    found, _ = deploy(stage.rpc, abi, code, *arguments, sender=stage.who("deployer"))
    return found
