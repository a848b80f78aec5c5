"""Where a story happens: Keel with validators, every system of the market, and people with ether.

Blocks come every 12 s, one for each transaction, from a fixed moment on.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import batched
from typing import Any

from keel.chain.clock import now
from keel.chain.contract import Contract
from keel.chain.rpc import RpcClient
from keel.chain.state import balance_wei
from keel.deploy.artifacts import Artifacts
from keel.deploy.bindings import Bindings
from keel.deploy.profiles import MAINNET, MAINNET_VALIDATORS, yearly_yield
from keel.market.deployer import Deployer
from keel.market.system import Site, System, in_order
from keel.market.weth import weth_of
from keel.measure.gas.steady import (
    KEYS_EACH,
    OPERATORS,
    add_operators,
    predeposit,
    prove,
    stake,
)
from keel.measure.gas.world import World, new_world
from keel.model.constants import ETHER, GWEI, YEAR

STAKED_EACH = 3
"""Validators of each operator at first."""

FIRST_DEPOSIT_WEI = 1_200 * ETHER
"""Of which 930 ETH follow the validators' keys; the rest stays buffered."""

NOBODY = "0x" + "0" * 40
FOREVER = 2**255


@dataclass(frozen=True, slots=True, repr=False)
class Stage:
    """Keel's world, and what stands around it.

    People are named by their part (`keel.deploy.actors`). Amounts are wei or units of wkETH.
    """

    world: World
    site: Site

    @property
    def rpc(self) -> RpcClient:
        """The chain."""
        return self.world.rpc

    @property
    def keel(self) -> Bindings:
        """Keel's contracts."""
        return self.world.keel

    @property
    def weth(self) -> Contract:
        """WETH9."""
        return weth_of(self.site)

    def who(self, name: str) -> str:
        """Address of somebody."""
        return self.world.actors[name]

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
        """Ether and WETH of somebody. Gas costs nothing here."""
        return balance_wei(self.rpc, self.who(name)) + self.weth_wei(name)

    def stake_more(self) -> None:
        """Let keepers stake whatever is free on the keys that are left, a frame later."""
        self.world.report()
        stake(self.world, range(STAKED_EACH, KEYS_EACH))

    def staked_wei(self) -> int:
        """What validators and pending deposits have by the last report."""
        found = self.keel.vault.consensus()
        return found.balanceWei + found.pendingWei

    def earn_frame(self) -> int:
        """Let a frame pass in which all validators do their duties; returns what they earned."""
        earned_wei = frame_yield_wei(self.staked_wei())
        self.world.report(change_wei=earned_wei)
        return earned_wei

    def rate_wei(self) -> int:
        """What a whole wkETH is worth by the protocol's accounts."""
        return self.keel.wrapped.convertToAssets(ETHER)


def frame_yield_wei(staked_wei: int) -> int:
    """What so much earns in a frame by all duties, with a million validators; whole gwei."""
    yearly = yearly_yield(MAINNET_VALIDATORS, MAINNET.epoch_seconds)
    return int(staked_wei * yearly * Fraction(MAINNET.frame_seconds, YEAR)) // GWEI * GWEI


@contextmanager
def open_stage(
    artifacts: Artifacts,
    systems: Sequence[System[Any]],
    on_step: Callable[[str], None] = lambda _: None,
) -> Iterator[Stage]:
    """Start a chain, deploy Keel and the systems, and let validators work; ends the chain."""
    on_step("Keel")
    with new_world(artifacts) as world:
        on_step("validators")
        depositor = world.actors["depositor"]
        world.keel.vault.depositWrapped.send(
            depositor, NOBODY, sender=depositor, value_wei=FIRST_DEPOSIT_WEI
        )
        _start_validators(world)
        world.report()
        deployer = Deployer(world.rpc, world.actors["deployer"])
        site = Site(world.keel, artifacts, world.actors, deployer, {})
        for system in in_order(systems):
            on_step(system.title)
            site.records[system.name] = system.deploy(site).as_record()
        yield Stage(world, site)


def _start_validators(world: World) -> None:
    add_operators(world, 0, OPERATORS)
    keys = world.new_entries(0, OPERATORS * KEYS_EACH)
    for operator_id, entries in enumerate(batched(keys, KEYS_EACH)):
        predeposit(world, operator_id, entries)
    prove(world, keys, 0)
    stake(world, range(STAKED_EACH))
