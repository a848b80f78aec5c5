"""Prometheus metrics of one service, in a registry of its own."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Metrics:
    """Gauges and counters named keel_SERVICE_*; several services may live in one process."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.registry = CollectorRegistry()
        self.alarm = Gauge(
            "keel_alarm", "1 while the alarm is raised", ["service", "name"], registry=self.registry
        )
        self.head_slot = self.gauge("head_slot", "Last head that was processed")
        self.node_disagreements = self.counter(
            "node_disagreements",
            "How often a node differed from the others or answered falsely",
            ["node"],
        )

    def gauge(self, name: str, text: str, labels: Sequence[str] = ()) -> Gauge:
        """Add a figure that goes up and down; its name carries the unit, as in balance_wei."""
        return Gauge(f"keel_{self.service}_{name}", text, labels, registry=self.registry)

    def counter(self, name: str, text: str, labels: Sequence[str] = ()) -> Counter:
        """Add a figure that only grows; Prometheus adds _total to its name."""
        return Counter(f"keel_{self.service}_{name}", text, labels, registry=self.registry)

    def render(self) -> bytes:
        """Return the text that Prometheus reads."""
        return generate_latest(self.registry)
