"""What the page has read of the chain outlives it."""

import time
from pathlib import Path

from keel.chain.state import block_head
from keel.dashboard.deployment import KnownDeployment
from keel.dashboard.layer import Layer
from keel.dashboard.watcher import Watcher
from keel.deploy.artifacts import Artifacts
from keel.deploy.manifest import write_manifest
from keel.model.constants import ETHER
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.members import report
from keel.scenarios.users import deposit, request_ticket
from tests.robustness.counting import counting

QUERIES = 3
"""All contracts, mints of wkETH, and burns of it."""

_SECONDS = 30


def read_layer(known: KnownDeployment, url: str, data: Path | None) -> Layer:
    """What a page that starts now shows at the chain's head."""
    with Watcher(known, url, "http://127.0.0.1:9", 0.05, data) as watcher:
        deadline = time.monotonic() + _SECONDS
        while watcher.view.layer is None:
            assert time.monotonic() < deadline, watcher.view.problems
            time.sleep(0.02)
        return watcher.view.layer


def test_a_restarted_page_reads_what_it_missed_and_shows_what_one_does_that_reads_all(
    validating_world: BeaconWorld, artifacts: Artifacts, tmp_path: Path
) -> None:
    world = validating_world
    manifest = tmp_path / "manifest.json"
    write_manifest(world.manifest, manifest, artifacts)
    known, data = KnownDeployment.read(manifest), tmp_path / "page"
    request_ticket(world, "depositor", 5 * ETHER)
    with counting(world.rpc.url) as node:
        before = read_layer(known, node.url, data)
        whole = block_head(world.rpc).number - world.first_block + 1
        assert node.log_blocks == QUERIES * whole
        report(world)
        deposit(world, "depositor", ETHER)
        missed = block_head(world.rpc).number - world.first_block + 1 - whole
        node.log_blocks = 0
        after = read_layer(known, node.url, data)
        assert node.log_blocks == QUERIES * missed
        assert missed < whole
        fresh = read_layer(known, node.url, None)
        assert node.log_blocks == QUERIES * (whole + 2 * missed)
    assert after == fresh
    assert len(after.events) > len(before.events) > 0
