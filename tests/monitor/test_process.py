"""The monitor as a process beside a real beacon chain: what it shows, tells and never does."""

import time
from collections.abc import Callable
from pathlib import Path

import httpx
import orjson
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keel.chain.state import block_head
from keel.circle.ports import HOST, choose_ports
from keel.circle.process import Process, Service
from keel.consensus.api.server import serving
from keel.deploy.artifacts import Artifacts
from keel.deploy.manifest import write_manifest
from keel.monitor.command import cli
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.validators import frames_offline
from keel.serving import serve_app
from keel.statement.accounts import Flow
from keel.statement.reading import StatementReader
from tests.nursery import Rear

_WAIT_SECONDS = 60.0


def configure(folder: Path, world: BeaconWorld, beacon_url: str, webhook_url: str) -> Path:
    file, secret = folder / "monitor.toml", folder / "webhook"
    secret.write_text(webhook_url)
    secret.chmod(0o600)
    file.write_text(f"""
deployment = "{folder / "manifest.json"}"
data = "state"
follows_clock = false
[network]
execution = ["{world.rpc.url}"]
beacon = ["{beacon_url}"]
poll_seconds = 0.05
[watch]
income_reports = 1
least_insurance_bps = 0
most_holder_bps = 10000
[webhook]
url_file = "webhook"
[monitor]
listen = "{HOST}:{choose_ports(1)[0]}"
""")
    return file


def process_of(config: Path, rear: Rear) -> Process:
    listen = config.read_text().rpartition('listen = "')[2].partition('"')[0]
    command = ("python", "-m", "keel.monitor", "run", "--config", str(config))
    return rear(Service("monitor", command, config.parent, f"http://{listen}/health"))


def await_true(reached: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while not reached():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def test_a_monitor_finds_what_validators_earn_and_tells_of_alarms(
    validating_world: BeaconWorld, tmp_path: Path, artifacts: Artifacts, rear: Rear
) -> None:
    world, manager = validating_world, validating_world.contracts.manager
    heard: list[str] = []

    async def hear(request: Request) -> Response:
        heard.extend(orjson.loads(await request.body())["raised"])
        return Response()

    hooks = Starlette(routes=[Route("/hook", hear, methods=["POST"])])
    write_manifest(world.manifest, tmp_path / "manifest.json", artifacts)
    for _ in range(2):
        world.next_report()
    with (
        serve_app(hooks, HOST, 0) as hook_url,
        serving(world.beacon.chain) as beacon_url,
    ):
        config = configure(tmp_path, world, beacon_url, f"{hook_url}/hook")
        with process_of(config, rear) as monitor:
            monitor.start()
            monitor.await_ready()

            def has_seen_head() -> bool:
                head = block_head(world.rpc).timestamp
                geometry = world.configuration.geometry
                slot = (head - geometry.genesis_time) // geometry.seconds_per_slot
                return (monitor.health().head_slot or -1) >= slot

            await_true(has_seen_head, "the first head")
            assert monitor.health().alarms == {}
            figures = metrics(monitor)
            earned = figures['keel_monitor_income_bps{of="validators"}']
            paid = figures['keel_monitor_income_bps{of="chain"}']
            assert 0.7 < earned / paid <= 1
            assert figures['keel_monitor_largest_bps{of="operators"}'] == 3_333

            terms = world.contracts.vault.setTerms.encode(world.contracts.vault.terms())
            governance = next(
                holder.account for holder in world.manifest.roles if holder.role == "TERMS"
            )
            manager.schedule.send(world.contracts.vault.address, terms, 0, sender=governance)
            frames_offline(world)
            await_true(has_seen_head, "the last head")
            await_true(lambda: {"governance_waiting", "income_off"} <= set(heard), "the webhook")
            alarms = monitor.health().alarms
            assert "may call StakingVault.setTerms" in alarms["governance_waiting"]
            assert "validators earn -" in alarms["income_off"]

            told = CliRunner().invoke(cli, ["check", "--config", str(config)]).output
            assert "income_off" in told
            assert "Alarms are told to the webhook." in told
        log = (tmp_path / "log").read_text()
    head = block_head(world.rpc)
    stated = StatementReader(world.contracts, world.first_block).read(head, (0, head.timestamp + 1))
    assert stated.differences == ()
    assert stated.statement.amount(Flow.LOST) > 0
    assert "/hook" not in log
    assert monitor.exit_code == 0


def metrics(monitor: Process) -> dict[str, float]:
    url = monitor.service.health_url.replace("/health", "/metrics")
    lines = httpx.get(url, timeout=5, trust_env=False).text.splitlines()
    rows = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in rows}
