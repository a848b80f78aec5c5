"""A keeper does its chores on a beacon chain."""

from pathlib import Path

from keel.deploy.artifacts import Artifacts
from keel.model.constants import ETHER
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.circle_world import circle_around
from keel.scenarios.depositing import deposit
from keel.scenarios.joining import operators_join


def test_it_stakes_what_was_deposited(
    beacon_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts
) -> None:
    operators_join(beacon_world, tmp_path)
    deposit(beacon_world, "depositor", 70 * ETHER)
    with circle_around(beacon_world, tmp_path / "circle", artifacts, reporters=0) as world:
        (keeper,) = world.circle.keepers
        try:
            world.circle.until(
                lambda: world.contracts.registry.call("totalStaked") == 2, "staking", 8
            )
        finally:
            print(keeper.tail())
            print(keeper.health())
