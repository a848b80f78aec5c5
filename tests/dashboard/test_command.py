"""`python -m keel.dashboard`: it teaches, refuses in one line, prints its address, and ends."""

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.dashboard.command import cli
from keel.deploy.artifacts import Artifacts
from keel.deploy.manifest import write_manifest
from keel.scenarios.beacon_world import BeaconWorld

_END_SECONDS = 20


@pytest.fixture
def manifest(beacon_world: BeaconWorld, artifacts: Artifacts, tmp_path: Path) -> Path:
    path = tmp_path / "manifest.json"
    write_manifest(beacon_world.manifest, path, artifacts)
    return path


def test_help_shows_defaults_and_examples() -> None:
    shown = CliRunner().invoke(cli, ["--help"]).output
    for text in ("127.0.0.1:8600", "http://127.0.0.1:8545", "http://127.0.0.1:5052", "Examples:"):
        assert text in shown


def test_a_node_that_is_away_is_one_line() -> None:
    done = CliRunner().invoke(cli, ["--execution", "http://127.0.0.1:9"])
    assert done.exit_code == 1
    assert "http://127.0.0.1:9 cannot be used" in done.output
    assert len(done.output.splitlines()) == 1


def test_an_empty_keel_has_a_page_too_until_it_is_told_to_end(
    beacon_world: BeaconWorld, manifest: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "keel.dashboard", "--listen", "127.0.0.1:0"]
    command += ["--data", str(tmp_path / "page")]
    command += ["--execution", beacon_world.beacon.chain.rpc.url]
    command += ["--beacon", "http://127.0.0.1:9", "--deployment", str(manifest)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY_ROOT
    ) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            url = line.strip().removeprefix("Keel's page: ")
            answer = httpx.get(url)
            assert answer.status_code == httpx.codes.OK
            assert "<title>Keel" in answer.text
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(_END_SECONDS) == 0
    assert [path.name for path in (tmp_path / "page").iterdir()] == ["events-31337.json"]
