"""Keep a view of both layers up to date in two threads, whatever the nodes do.

One thread follows the execution node, the other the beacon node, so that neither waits for the
other. What they read is published as one immutable View; readers take the newest without a lock.
"""

import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from eth_abi.exceptions import DecodingError

from keel.chain.closeable import Closing
from keel.chain.endpoint import shown_address
from keel.chain.errors import ChainError
from keel.chain.rpc import RpcClient
from keel.dashboard.alarms import Alarm, alarms
from keel.dashboard.beacon import BeaconClient, BeaconFollower, BeaconReading
from keel.dashboard.deployment import KnownDeployment
from keel.dashboard.layer import ExecutionReader, Layer
from keel.dashboard.services import ServiceReader
from keel.dashboard.view import Snapshot
from keel.deploy.errors import ManifestError
from keel.nodes.errors import NodeError
from keel.sight.event_index import ChainMovedError

POLL_SECONDS = 0.5
_HEAD_STANDS_SECONDS = 180
_TIMEOUT_SECONDS = 15.0
_LOOKS_BETWEEN = 4  # at the nodes, before services are asked again
MALFORMED = (ArithmeticError, DecodingError, LookupError, RecursionError, TypeError, ValueError)
"""What reading an answer of another shape raises."""


@dataclass(frozen=True)
class View:
    """All that the page shows; `version` is another one whenever anything of it is."""

    version: str
    layer: Layer | None = None
    beacon: BeaconReading | None = None
    alarms: tuple[Alarm, ...] = ()
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def snapshot(self) -> Snapshot | None:
        """The newest snapshot, None before the first one."""
        return None if self.layer is None else self.layer.snapshot


class Watcher(Closing):
    """Follows two nodes inside a `with` block; `view` may be read from any thread.

    What was read of the chain is kept in the folder `data`, without one in memory only. `services`
    are addresses of reporters, keepers and monitors whose alarms are shown too.
    """

    def __init__(
        self,
        known: KnownDeployment,
        execution_url: str,
        beacon_url: str,
        poll_seconds: float = POLL_SECONDS,
        data: Path | None = None,
        *,
        services: Sequence[str] = (),
    ) -> None:
        self.known = known
        self._services = tuple(services)
        self._service_alarms: tuple[Alarm, ...] = ()
        self._data = data
        self.execution_url = execution_url
        self.beacon_url = beacon_url
        self._poll_seconds = poll_seconds
        self._boot = secrets.token_hex(4)
        self._count = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._layer: Layer | None = None
        self._beacon: BeaconReading | None = None
        self._problems: dict[str, str] = {}
        self._seen_at = time.monotonic()
        self.view = View(self._next_version())
        self._threads = [
            threading.Thread(target=self._follow_execution, name="execution", daemon=True),
            threading.Thread(target=self._follow_beacon, name="beacon", daemon=True),
        ]
        if services:
            self._threads.append(threading.Thread(target=self._follow_services, daemon=True))

    @property
    def age_seconds(self) -> float:
        """How long ago the execution node last answered with its head, by this machine's clock."""
        return time.monotonic() - self._seen_at

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def close(self) -> None:
        """End both threads."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=_TIMEOUT_SECONDS)

    def _follow_execution(self) -> None:
        with RpcClient(self.execution_url, _TIMEOUT_SECONDS) as rpc:
            reader = ExecutionReader(self.known, rpc, self._data)
            self._repeat(lambda: self._execution_step(reader))

    def _execution_step(self, reader: ExecutionReader) -> None:
        try:
            layer = reader.read()
            problem: tuple[str, str] | None = None
        except ChainMovedError:
            return  # the next look finds the new head
        except ManifestError as error:
            layer, problem = None, ("other_chain", str(error))
        except DecodingError as error:
            layer, problem = None, ("other_chain", f"Keel's contracts do not answer: {error}")
        except ChainError as error:
            layer, problem = None, ("execution_node", str(error))
        except MALFORMED as error:
            layer, problem = None, ("execution_node", malformed(self.execution_url, error))
        if problem is None:
            self._seen_at = time.monotonic()
            stood = reader.head_stood_seconds
            if stood > _HEAD_STANDS_SECONDS:
                minutes = f"The head has been the same for more than {int(stood) // 60} min"
                problem = "head_stands", minutes
        self._publish(("execution_node", "other_chain", "head_stands"), problem, layer=layer)
        if layer is not None:
            moved = reader.anvil_moved
            self._publish(("anvil_moved",), None if moved is None else ("anvil_moved", moved))

    def _follow_beacon(self) -> None:
        client = BeaconClient(self.beacon_url, _TIMEOUT_SECONDS)
        follower: BeaconFollower | None = None

        def step() -> None:
            nonlocal follower
            layer = self._layer
            if layer is None:
                return
            try:
                follower = follower or self._beacon_follower(client)
                reading = follower.read(layer.events)
            except ChainError as error:
                self._publish(("beacon_node",), ("beacon_node", str(error)))
                return
            except MALFORMED as error:
                text = malformed(self.beacon_url, error)
                self._publish(("beacon_node",), ("beacon_node", text))
                return
            self._publish(("beacon_node",), None, beacon=reading)

        try:
            self._repeat(step)
        finally:
            client.close()

    def _follow_services(self) -> None:
        pause = _LOOKS_BETWEEN * self._poll_seconds
        follow = ServiceReader(self._services).follow
        follow(self._stop, pause, lambda told: self._publish((), None, services=told))

    def _beacon_follower(self, client: BeaconClient) -> BeaconFollower:
        config = self.known.manifest.configuration
        began = client.network().genesis_time
        if began != config.genesis_time:
            problem = f"the beacon chain began at {began}, Keel's at {config.genesis_time}"
            raise NodeError(client.url, problem)
        with RpcClient(self.execution_url, _TIMEOUT_SECONDS) as rpc:
            credentials = self.known.bind(rpc).vault.withdrawalCredentials()
        return BeaconFollower(
            client,
            "0x" + bytes(credentials).hex(),
            config.parameters.slots_per_epoch,
            has_few=self.known.is_local,
        )

    def _repeat(self, step: Callable[[], None]) -> None:
        while not self._stop.is_set():
            step()
            self._stop.wait(self._poll_seconds)

    def _publish(
        self,
        cleared: tuple[str, ...],
        problem: tuple[str, str] | None,
        layer: Layer | None = None,
        beacon: BeaconReading | None = None,
        services: tuple[Alarm, ...] | None = None,
    ) -> None:
        """Replace what is new, and the view if anything is."""
        with self._lock:
            problems = {n: text for n, text in self._problems.items() if n not in cleared}
            problems |= {} if problem is None else dict([problem])
            layer = layer or self._layer
            beacon = beacon or self._beacon
            told = self._service_alarms if services is None else services
            same = layer is self._layer and beacon == self._beacon
            if same and problems == self._problems and told == self._service_alarms:
                return
            self._service_alarms = told
            self._layer, self._beacon, self._problems = layer, beacon, problems
            snapshot = None if layer is None else layer.snapshot
            found = *alarms(snapshot, beacon, problems, self.known.geometry), *told
            self.view = View(self._next_version(), layer, beacon, found, problems)

    def _next_version(self) -> str:
        """No version of an earlier run of this program is ever used again."""
        self._count += 1
        return f"{self._boot}-{self._count}"


def malformed(url: str, error: Exception) -> str:
    """What is told of an answer of another shape."""
    what = f"{type(error).__name__}: {error}"
    return f"{shown_address(url)} gives an answer that cannot be read ({what})"
