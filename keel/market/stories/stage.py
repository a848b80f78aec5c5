"""Where a story happens: Keel, systems of the market around it, and people with ether."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from keel.chain.clock import now
from keel.chain.contract import Contract
from keel.chain.rpc import RpcClient
from keel.chain.state import balance_wei
from keel.deploy.artifacts import Artifacts
from keel.deploy.bindings import Bindings
from keel.deploy.manifest import Manifest
from keel.market.system import Site, System, in_order
from keel.market.weth import weth_of
from keel.model.constants import ETHER

NOBODY = "0x" + "0" * 40
FOREVER = 2**255


@dataclass(frozen=True, slots=True, repr=False)
class Stage:
    """People are named by their part (`keel.deploy.actors`). Amounts are wei or units of wkETH.

    Gas costs nothing, so that what somebody has more or less came from the market.
    """

    site: Site
    manifest: Manifest

    @property
    def rpc(self) -> RpcClient:
        """The chain."""
        return self.site.rpc

    @property
    def keel(self) -> Bindings:
        """Keel's contracts."""
        return self.site.contracts

    @property
    def weth(self) -> Contract:
        """WETH9."""
        return weth_of(self.site)

    def who(self, name: str) -> str:
        """Address of somebody."""
        return self.site.actors[name]

    def now(self) -> int:
        """Timestamp of the latest block."""
        return now(self.rpc)

    def buy(self, name: str, amount_wei: int) -> int:
        """Let somebody deposit ether for wkETH; returns the units that came."""
        who, wrapped = self.who(name), self.keel.wrapped
        before = wrapped.balanceOf(who)
        self.keel.vault.depositWrapped.send(who, NOBODY, sender=who, value_wei=amount_wei)
        return wrapped.balanceOf(who) - before

    def wrap_ether(self, name: str, amount_wei: int) -> None:
        """Let somebody turn ether into WETH."""
        self.weth.function("deposit").send(sender=self.who(name), value_wei=amount_wei)

    def unwrap_ether(self, name: str, amount_wei: int) -> None:
        """Let somebody turn WETH into ether."""
        self.weth.function("withdraw").send(amount_wei, sender=self.who(name))

    def allow(self, name: str, spender: Contract) -> None:
        """Let a contract take all wkETH and WETH that somebody has."""
        for token in (self.keel.wrapped, self.weth):
            token.function("approve").send(spender.address, FOREVER, sender=self.who(name))

    def units(self, name: str) -> int:
        """The wkETH that somebody has."""
        return self.keel.wrapped.balanceOf(self.who(name))

    def weth_wei(self, name: str) -> int:
        """The WETH that somebody has."""
        return int(self.weth.function("balanceOf")(self.who(name)))

    def ether_wei(self, name: str) -> int:
        """Ether and WETH of somebody."""
        return balance_wei(self.rpc, self.who(name)) + self.weth_wei(name)

    def backing_wei(self) -> int:
        """What backs all shares and tickets, A + Q."""
        return self.keel.vault.totals().assetsWei + self.keel.queue.owedWei()

    def fee_bps(self) -> int:
        """Part of profit that holders do not get: the protocol's, and operators', all alike."""
        commission_bps = self.keel.registry.operator(0).commissionBps
        return self.keel.vault.terms().feeBps + commission_bps

    def rate_wei(self) -> int:
        """What a whole wkETH is worth by the protocol's accounts."""
        return self.keel.wrapped.convertToAssets(ETHER)


@dataclass(frozen=True, slots=True)
class Ground[S: Stage]:
    """What stages stand on, as the page says it.

    `open` starts a chain with Keel and the systems, and ends it.
    """

    told: str
    open: Callable[
        [Artifacts, Sequence[System[Any]], Callable[[str], None]], AbstractContextManager[S]
    ]


def deploy_systems(
    site: Site, systems: Sequence[System[Any]], on_step: Callable[[str], None]
) -> None:
    """Deploy the systems and all that they need."""
    for system in in_order(systems):
        on_step(system.title)
        site.records[system.name] = system.deploy(site).as_record()
