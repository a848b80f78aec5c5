"""A running service: its log, alarms, metrics, health, data folder and what is wished of it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from keel.service.alarms import Alarms
from keel.service.disk import owned_folder
from keel.service.logs import Log, adopt_library_warnings, open_log
from keel.service.metrics import Metrics
from keel.service.monitor import Health, monitor_app
from keel.service.sections import ServiceSettings
from keel.service.signals import obeying_signals
from keel.service.wishes import Wishes
from keel.serving import serve_app


@dataclass(frozen=True, slots=True)
class Service:
    """What the parts of a service share."""

    name: str
    folder: Path
    poll_seconds: float
    log: Log
    alarms: Alarms
    metrics: Metrics
    health: Health
    wishes: Wishes

    def note_disagreement(self, url: str, problem: str) -> None:
        """Count and log that a node differs from the others."""
        self.metrics.node_disagreements.labels(url).inc()
        self.log.warning("node.disagrees", node=url, problem=problem)


def make_service(
    name: str, settings: ServiceSettings, wishes: Wishes, account: str | None = None
) -> Service:
    """Make the parts; neither folder nor port is taken."""
    log = open_log(settings.log, name)
    metrics = Metrics(name)
    return Service(
        name=name,
        folder=settings.data,
        poll_seconds=settings.network.poll_seconds,
        log=log,
        alarms=Alarms(log, metrics),
        metrics=metrics,
        health=Health(name, settings.network.stale_seconds, account),
        wishes=wishes,
    )


@contextmanager
def running_service(
    name: str, settings: ServiceSettings, account: str | None = None
) -> Iterator[Service]:
    """Own the data folder, serve the monitor and obey SIGTERM and SIGINT while the block runs.

    Raises FolderError when another process owns the folder, ListenError when the port is taken.
    For the main thread of a process of its own.
    """
    with ExitStack() as stack:
        stack.enter_context(owned_folder(settings.data))
        service = make_service(name, settings, stack.enter_context(obeying_signals()), account)
        adopt_library_warnings(service.log)
        app = monitor_app(service.health, service.alarms, service.metrics)
        listen = settings.monitor.listen
        url = stack.enter_context(serve_app(app, listen.host, listen.port))
        service.log.info("service.started", monitor=url, account=account, dry_run=settings.dry_run)
        yield service
        service.log.info("service.stopped")
