"""The chain on which reporters are tried: built once a worker, put back after each test."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from keel.chain.anvil import start_anvil
from keel.chain.state import block_head
from keel.consensus.api.server import serving
from keel.consensus.beacon.chain import start_chain
from keel.deploy.artifacts import Artifacts
from keel.deploy.manifest import write_manifest
from keel.model.commitment import OperatorTotals
from keel.model.constants import ETHER
from keel.scenarios.beacon_world import BeaconWorld, found_beacon_world, options_for_keel, put_back
from keel.scenarios.keepers import stake
from keel.scenarios.members import next_reference_slot, operator_totals
from keel.scenarios.operators import operators_join
from keel.scenarios.users import deposit, underwrite
from keel.scenarios.validators import count_active
from tests.beacon_stage import CONFIG
from tests.nursery import Nursery
from tests.robustness.stage import Stage

VALIDATORS = 6


@dataclass(frozen=True)
class _Built:
    world: BeaconWorld
    ref_slot: int
    leaves: list[list[OperatorTotals]]
    manifest: Path
    beacon_url: str


@pytest.fixture(scope="session")
def _built(
    artifacts: Artifacts, tmp_path_factory: pytest.TempPathFactory, nursery: Nursery
) -> Iterator[_Built]:
    folder = tmp_path_factory.mktemp("chain")
    with start_anvil(options_for_keel(CONFIG)) as anvil:
        world = found_beacon_world(start_chain(anvil.rpc, CONFIG), artifacts)
        operators_join(world, folder, keys_each=2)
        deposit(world, "depositor", (31 * VALIDATORS + 48) * ETHER)
        underwrite(world, "underwriter", 3 * ETHER)
        stake(world)
        leaves = []
        while count_active(world) < VALIDATORS:
            reported = world.next_report()
            time = world.configuration.geometry.time_of(reported.report.ref_slot)
            leaves.append(operator_totals(world, world.reward_leaves, time))
        ref_slot = next_reference_slot(world)
        chain = world.beacon.chain
        # One slot later the epoch after the reference slot is final.
        chain.to_slot(ref_slot + 2 * int(chain.spec.SLOTS_PER_EPOCH))
        manifest = folder / "manifest.json"
        write_manifest(world.manifest, manifest, artifacts)
        with serving(chain) as beacon_url:
            yield _Built(world, ref_slot, leaves, manifest, beacon_url)


@pytest.fixture
def stage(_built: _Built, nursery: Nursery, tmp_path: Path) -> Iterator[Stage]:
    """240 ETH in Keel, 192 of them with six active validators; a report is due in one slot."""
    with put_back(_built.world) as world:
        yield Stage(
            world=world,
            ref_slot=_built.ref_slot,
            leaves=_built.leaves,
            folder=tmp_path,
            manifest=_built.manifest,
            beacon_url=_built.beacon_url,
            nursery=nursery,
        )
    # Anvil's snapshots leave out the base fee of the block to come.
    rpc = _built.world.rpc
    rpc.call("anvil_setNextBlockBaseFeePerGas", hex(block_head(rpc).base_fee_wei))
