"""`status` on a beacon chain of 88 validators, whose yield has nothing of mainnet's."""

import re
from math import isqrt
from pathlib import Path

from keel.commands.status import cli as status
from keel.consensus.gateway.server import at_once, serving_rpc
from keel.consensus.gateway.steering import Steering
from keel.deploy.artifacts import Artifacts
from keel.deploy.manifest import write_manifest
from keel.scenarios.beacon_world import BeaconWorld
from keel.sight.books import read_books
from tests.scenarios.terminal import Terminal

_MAINNET = re.compile(
    r"APR ([\d.]+) %\. A small beacon chain pays ([\d,]+) times mainnet's yield; "
    r"there the APR would be ([\d.]+) %"
)


def test_status_tells_why_an_apr_is_absurd_while_rewards_stream(
    validating_world: BeaconWorld, artifacts: Artifacts, tmp_path: Path
) -> None:
    world, chain = validating_world, validating_world.beacon.chain
    path = tmp_path / "manifest.json"
    write_manifest(world.manifest, path, artifacts)
    with serving_rpc(Steering(chain, mines_at_once=True), 0, at_once) as url:
        while not read_books(world.contracts).apr_bps:
            world.next_report()
        found = _MAINNET.search(Terminal(url, path).succeed(status))
    # Anvil by itself knows of no beacon chain: the APR is all that can be told.
    alone = Terminal(chain.rpc.url, path).succeed(status)
    assert "APR" in alone
    assert "mainnet's yield" not in alone
    assert found is not None
    apr, times, there = (float(each.replace(",", "")) for each in found.groups())
    active_ether = (
        sum(
            int(v.effective_balance)
            for v in chain.state.validators
            if v.activation_epoch <= chain.epoch < v.exit_epoch
        )
        // 10**9
    )
    epoch_seconds = 8 * chain.config.slot_seconds
    expected = 384 * isqrt(35_000_000) / (epoch_seconds * isqrt(active_ether))
    assert abs(times / expected - 1) < 0.02
    assert abs(there - apr / expected) < 0.02 * there + 0.01
