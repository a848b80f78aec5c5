"""The page on a real chain, for tests: Keel on a beacon chain, its API, the page's server."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from keel.consensus.api.server import serving
from keel.dashboard.server import DashboardOptions, serving_dashboard
from keel.deploy.artifacts import Artifacts
from keel.deploy.manifest import write_manifest
from keel.scenarios.beacon_world import BeaconWorld

POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Staged:
    """`url` is the page's; transactions wait until the test lets a slot pass."""

    world: BeaconWorld
    url: str

    def pass_slots(self, count: int = 1) -> None:
        """Let slots pass, with what waits in the pool."""
        self.world.beacon.chain.run(count)


@contextmanager
def staged(
    world: BeaconWorld,
    artifacts: Artifacts,
    folder: Path,
    *,
    execution_url: str | None = None,
    beacon_url: str | None = None,
    host: str = "127.0.0.1",
) -> Iterator[Staged]:
    """Serve the Beacon API and the page over a world."""
    manifest = folder / "manifest.json"
    write_manifest(world.manifest, manifest, artifacts)
    with serving(world.beacon.chain) as own_beacon_url:
        options = DashboardOptions(
            execution_url=execution_url or world.beacon.chain.rpc.url,
            beacon_url=beacon_url or own_beacon_url,
            deployment=manifest,
            host=host,
            port=0,
            poll_seconds=POLL_SECONDS,
        )
        with serving_dashboard(options) as url:
            yield Staged(world, url)
