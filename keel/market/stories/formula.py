"""A stage whose validators are told about by reports: they earn and lose by formula.

Keel has its mainnet parameters, and years pass in a second. Blocks come every 12 s, one for each
transaction, from a fixed moment on.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import batched
from typing import Any

from keel.deploy.artifacts import Artifacts
from keel.deploy.manifest import make_manifest
from keel.deploy.plan import make_plan
from keel.deploy.profiles import MAINNET, MAINNET_VALIDATORS, yearly_yield
from keel.market.deployer import Deployer
from keel.market.stories.stage import NOBODY, Ground, Stage, deploy_systems
from keel.market.system import Site, System
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


@dataclass(frozen=True, slots=True, repr=False)
class FormulaStage(Stage):
    """`world` reports what it is told, signed by all five members."""

    world: World

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


def frame_yield_wei(staked_wei: int) -> int:
    """What so much earns in a frame by all duties, with a million validators; whole gwei."""
    yearly = yearly_yield(MAINNET_VALIDATORS, MAINNET.epoch_seconds)
    return int(staked_wei * yearly * Fraction(MAINNET.frame_seconds, YEAR)) // GWEI * GWEI


@contextmanager
def _open(
    artifacts: Artifacts, systems: Sequence[System[Any]], on_step: Callable[[str], None]
) -> Iterator[FormulaStage]:
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
        deploy_systems(site, systems, on_step)
        plan = make_plan(world.configuration, world.actors["deployer"], artifacts)
        manifest = make_manifest(world.rpc, plan, world.deployment.block, artifacts)
        yield FormulaStage(site, manifest, world)


def _start_validators(world: World) -> None:
    add_operators(world, 0, OPERATORS)
    keys = world.new_entries(0, OPERATORS * KEYS_EACH)
    for operator_id, entries in enumerate(batched(keys, KEYS_EACH)):
        predeposit(world, operator_id, entries)
    prove(world, keys, 0)
    stake(world, range(STAKED_EACH))


FORMULA = Ground(
    "On reports by formula, with Keel's mainnet parameters, since a year of slots takes too long: "
    "all five members report what a million validators would earn, and what a story takes for lost",
    _open,
)
