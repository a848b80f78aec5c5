"""The keeper as a process: what it shows, what it never sends, and how it outlives a kill."""

import subprocess
import sys
import time
from pathlib import Path

import httpx
import orjson

from keel.chain.state import block_head, nonce
from keel.circle.cast import Surroundings, write_cast
from keel.circle.process import Process
from keel.deploy.artifacts import Artifacts
from keel.deploy.manifest import write_manifest
from keel.model.constants import ETHER
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.circle_world import circle_around
from keel.scenarios.users import deposit, request_ticket
from tests.keeper.stage import keepers_beside
from tests.nursery import Rear
from tests.robustness.counting import counting


def command(process: Process, *words: str) -> subprocess.CompletedProcess[str]:
    """Run another command of `keel-keeper` with the configuration of a process."""
    config = process.service.folder / "config.toml"
    return subprocess.run(
        [sys.executable, "-m", "keel.keeper", *words, "--config", str(config)],
        capture_output=True,
        text=True,
        check=False,
        env={"COLUMNS": "200", "PATH": "/usr/bin:/bin"},
    )


def sent_by(world: BeaconWorld) -> int:
    """Transactions of the first keeper's account."""
    return nonce(world.rpc, world.actors["keeper"])


def test_a_dry_run_shows_the_plan_and_sends_nothing(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    before = sent_by(keepers_world)
    changes = {"keeper_1": {"dry_run": True}}
    with circle_around(
        keepers_world,
        tmp_path / "circle",
        artifacts,
        make_process=rear,
        reporters=0,
        changes=changes,
    ) as world:
        (keeper,) = world.circle.keepers
        deposit(world, "depositor", 40 * ETHER)
        request_ticket(world, "depositor", 100 * ETHER)
        world.circle.advance(8)
        world.circle.settle()
        assert sent_by(world) == before
        assert '"chore.planned"' in keeper.service.log_path.read_text()
        table = command(keeper, "plan").stdout
        assert "would do" in table
        assert "tickets wait for 100 ETH" in table
        assert "exits.requestExit" in table
        assert "a validator takes 31 ETH" in table
        plan = orjson.loads(command(keeper, "plan", "--json").stdout)
        assert {chore["chore"] for chore in plan["chores"]} == {"exit"}
        assert {len(chore["arguments"]) for chore in plan["chores"]} == {5}
        assert plan["account"] == world.actors["keeper"]
        check = command(keeper, "check")
        assert check.returncode == 0
        assert f"{world.actors['keeper']} has " in check.stdout
        assert "Dry run: nothing is sent." in check.stdout
        assert sent_by(world) == before


def test_a_mistake_is_one_line(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('deployment = "missing.json"\ndata = "state"\n')
    done = subprocess.run(
        [sys.executable, "-m", "keel.keeper", "check", "--config", str(config)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.strip() == "Error: network: is needed"


def test_a_keeper_that_is_killed_with_a_transaction_under_way_sends_it_once(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    with keepers_beside(keepers_world, tmp_path, artifacts, rear) as world:
        (keeper,) = world.circle.keepers
        registry, before = world.contracts.registry, sent_by(world)
        deposit(world, "depositor", 32 * ETHER)
        world.circle.settle()
        while '"stake 8"' not in keeper.service.log_path.read_text():
            world.circle.advance(1, settle_each=True)
        keeper.kill()
        keeper.restart()
        world.circle.advance(4, settle_each=True)
        assert registry.totals().staked == 9
        assert sent_by(world) == before + 1
        keeper.kill()
        keeper.restart()
        world.circle.advance(2, settle_each=True)
        assert sent_by(world) == before + 1
        assert keeper.terminate() == 0


def test_a_restarted_keeper_reads_what_it_missed_and_plans_as_one_that_reads_all(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    with (
        counting(keepers_world.rpc.url) as node,
        circle_around(
            keepers_world,
            tmp_path / "circle",
            artifacts,
            make_process=rear,
            reporters=0,
            changes={"keeper_1": {"network.execution": [node.url], "dry_run": True}},
        ) as world,
    ):
        (keeper,) = world.circle.keepers
        world.circle.settle()
        whole = block_head(world.rpc).number - world.first_block + 1
        assert node.log_blocks == whole
        keeper.kill()
        request_ticket(world, "depositor", 100 * ETHER)
        world.beacon.chain.run(3)
        node.log_blocks = 0
        keeper.restart()
        world.circle.settle()
        missed = block_head(world.rpc).number - world.first_block + 1 - whole
        assert missed >= 3
        assert node.log_blocks == missed
        planned = [command(keeper, "plan", "--json").stdout]
        assert node.log_blocks == 2 * missed, "a command reads the file and does not write it"
        keeper.kill()
        (file,) = (keeper.service.folder / "state").glob("events-*.json")
        file.unlink()
        planned += [command(keeper, "plan", "--json").stdout]
        assert node.log_blocks == 3 * missed + whole
        assert planned[0] == planned[1]
        assert {chore["chore"] for chore in orjson.loads(planned[0])["chores"]} == {"exit"}


def test_nodes_that_are_away_are_an_alarm_and_no_end(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts
) -> None:
    manifest = tmp_path / "manifest.json"
    write_manifest(keepers_world.manifest, manifest, artifacts)
    around = Surroundings("http://127.0.0.1:9", "http://127.0.0.1:9", manifest, 0.05)
    (service,) = write_cast(tmp_path, around, reporters=0, keepers=1).keepers
    with Process(service) as keeper:
        keeper.start()
        keeper.await_ready()
        deadline = time.monotonic() + 20
        while "nodes" not in keeper.health().alarms and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "http://127.0.0.1:9" in keeper.health().alarms["nodes"]
        assert 'keel_alarm{name="nodes",service="keeper"} 1.0' in _metrics(keeper)
        assert keeper.terminate() == 0


def test_a_keeper_in_order_has_no_alarm_and_shows_its_figures(
    keepers_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    with keepers_beside(keepers_world, tmp_path, artifacts, rear) as world:
        (keeper,) = world.circle.keepers
        world.circle.advance(1, settle_each=True)
        health = keeper.health()
        assert (health.status, health.stage, health.alarms) == ("ok", "waiting", {})
        shown = _metrics(keeper).splitlines()
        assert f"keel_keeper_head_slot {float(health.head_slot or 0)}" in shown
        assert 'keel_keeper_planned{chore="stake"} 0.0' in shown


def _metrics(process: Process) -> str:
    url = process.service.health_url.replace("/health", "/metrics")
    return httpx.get(url, trust_env=False).text
