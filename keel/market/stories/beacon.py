"""A stage on a real beacon chain: validators earn, are swept and are slashed by the specification.

Keel has the local profile, with frames of 32 slots. A transaction is mined at once, at the time of
the slot before, and the next slot's block takes it over; time passes by slots alone. Reports are
computed from the beacon state of their slot. Genesis, keys and accounts are fixed, so all amounts
are the same on every machine.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from keel.chain.anvil import start_anvil
from keel.circle.reports import Reported
from keel.consensus.beacon.chain import BeaconChain, start_chain
from keel.consensus.beacon.config import ChainConfig
from keel.consensus.beacon.execution import mine_at_once
from keel.consensus.beacon.outcome import SlotOutcome
from keel.deploy.artifacts import Artifacts
from keel.deploy.bindings import bind
from keel.market.deployer import Deployer
from keel.market.stories.stage import Ground, Stage, deploy_systems
from keel.market.system import Site, System
from keel.model.constants import ETHER
from keel.scenarios.beacon_world import (
    BeaconWorld,
    found_beacon_world,
    open_beacon_world,
    options_for_keel,
)
from keel.scenarios.keepers import stake
from keel.scenarios.members import next_reference_slot
from keel.scenarios.operators import operators_join
from keel.scenarios.users import deposit_wrapped
from keel.scenarios.validators import await_activation

OTHERS = 38
"""Validators that are not Keel's. With few of them a slashing weighs much (correlation penalty)."""

VALIDATORS_EACH = 8
"""Of each of Keel's three operators."""

FIRST_DEPOSIT_WEI = 760 * ETHER
"""Of which 744 ETH follow the validators' keys."""

_CONFIG = ChainConfig(validators=OTHERS, genesis_time=1_800_000_000, verify_own_signatures=False)
_BALANCE_ETHER = 1_000_000


@dataclass(frozen=True, slots=True, repr=False)
class BeaconStage(Stage):
    """`world` has the consensus layer, and the committee that reports what it sees there."""

    world: BeaconWorld

    @property
    def chain(self) -> BeaconChain:
        """The beacon chain."""
        return self.world.beacon.chain

    def go_to(self, time: int) -> None:
        """Let slots pass until that of a moment."""
        self.world.beacon.go_to(time)

    def next_report_time(self) -> int:
        """When the next report can be there: its reference slot must be final."""
        profile = self.world.profile
        ref_time = self.world.configuration.geometry.time_of(next_reference_slot(self.world))
        return ref_time + profile.frame_seconds

    @contextmanager
    def earning(self) -> Iterator[Callable[[], int]]:
        """What Keel's validators earn meanwhile by the beacon states, sweeps included, in gwei."""
        beacon, vault = self.world.beacon, self.keel.withdrawal_vault.address.lower()
        swept_gwei = 0

        def look(outcome: SlotOutcome) -> None:
            nonlocal swept_gwei
            swept = (each for each in outcome.withdrawals if each.address == vault)
            swept_gwei += sum(each.amount_gwei for each in swept)

        had_gwei = beacon.total_gwei(self.now())
        self.chain.watchers.append(look)
        try:
            yield lambda: beacon.total_gwei(self.now()) + swept_gwei - had_gwei
        finally:
            self.chain.watchers.remove(look)

    def report(self) -> Reported:
        """Let the frame pass, and all five members report its reference slot once it is final."""
        return self.world.next_report()


@contextmanager
def _open(
    artifacts: Artifacts, systems: Sequence[System[Any]], on_step: Callable[[str], None]
) -> Iterator[BeaconStage]:
    free = replace(options_for_keel(_CONFIG), base_fee_wei=0, balance_ether=_BALANCE_ETHER)
    on_step("beacon chain")
    with start_anvil(free) as anvil:
        chain = start_chain(anvil.rpc, _CONFIG)
        begun = found_beacon_world(chain, artifacts)
        on_step("validators")
        _start_validators(begun)
        world = _mined_at_once(begun, artifacts)
        deployer = Deployer(world.rpc, world.actors["deployer"])
        site = Site(world.contracts, artifacts, world.actors, deployer, {})
        deploy_systems(site, systems, on_step)
        yield BeaconStage(site, world.manifest, world)


def _start_validators(world: BeaconWorld) -> None:
    with TemporaryDirectory() as folder:
        operators_join(world, Path(folder), VALIDATORS_EACH)
    deposit_wrapped(world, "depositor", FIRST_DEPOSIT_WEI)
    stake(world)
    await_activation(world)


def _mined_at_once(world: BeaconWorld, artifacts: Artifacts) -> BeaconWorld:
    """The same world, whose transactions no longer wait for a slot, nor pay for gas."""
    chain = world.beacon.chain
    mine_at_once(chain.rpc)
    addresses = world.manifest.addresses
    contracts = bind(chain.rpc, addresses, artifacts, max_fee_per_gas_wei=0)
    again = open_beacon_world(chain, contracts, world.manifest, world.actors)
    again.reward_leaves = dict(world.reward_leaves)
    again.beacon.follow()
    return again


BEACON = Ground(
    "On a real beacon chain, with Keel's local profile: validators do their duties, are swept and "
    "are slashed by the specification (docs/consensus.md), and all five members report what its "
    "states say",
    _open,
)
