"""Give `ape run` commands in the test's own process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from click.testing import CliRunner, Result

from keel.consensus.api.server import serving
from keel.consensus.beacon.execution import mine_at_once, mine_on_request
from keel.deploy.artifacts import Artifacts
from keel.deploy.manifest import write_manifest
from keel.scenarios.beacon_world import BeaconWorld


@dataclass(frozen=True)
class Terminal:
    """Where the commands connect to."""

    url: str
    manifest: Path

    def run(self, command: click.Command, *arguments: str) -> Result:
        """Run a command as `ape run` would; an exception that is no exit is raised."""
        places = ["--network", self.url, "--manifest", str(self.manifest)]
        return CliRunner().invoke(command, [*arguments, *places], catch_exceptions=False)

    def succeed(self, command: click.Command, *arguments: str) -> str:
        """Expect exit code 0 and return the output with its lines joined."""
        result = self.run(command, *arguments)
        assert result.exit_code == 0, result.output
        return " ".join(result.output.split())

    def refuse(self, command: click.Command, *arguments: str, code: int = 1) -> str:
        """Expect an exit code and no traceback; return the error's line."""
        result = self.run(command, *arguments)
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result.output.strip().splitlines()[-1]


def terminal_at(world: BeaconWorld, artifacts: Artifacts, folder: Path) -> Terminal:
    """A terminal at a world's chain; the manifest is written to the folder."""
    path = folder / "manifest.json"
    write_manifest(world.manifest, path, artifacts)
    return Terminal(world.beacon.chain.rpc.url, path)


@contextmanager
def terminal_and_beacon(
    world: BeaconWorld, artifacts: Artifacts, folder: Path
) -> Iterator[tuple[Terminal, str]]:
    """A terminal at a world's chain, and the address of its Beacon API."""
    with serving(world.beacon.chain) as beacon_url:
        yield terminal_at(world, artifacts, folder), beacon_url


@contextmanager
def mining_at_once(world: BeaconWorld) -> Iterator[None]:
    """No slot has to pass until a command's transaction is mined."""
    mine_at_once(world.beacon.chain.rpc)
    try:
        yield
    finally:
        mine_on_request(world.beacon.chain.rpc)
