"""A monitor at work: at each head it reads, judges, and shows what stands."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from keel.monitor.alarms import judge
from keel.monitor.figures import Figures
from keel.monitor.reader import MonitorReader
from keel.monitor.settings import MonitorServiceSettings, WatchSection
from keel.monitor.webhook import Webhook
from keel.service.layers import Layers, open_layers
from keel.service.service import Service
from keel.sight.market.places import MarketPart


@dataclass
class Monitor:
    """One step for each head; it sends no transaction and keeps nothing that it could not read."""

    service: Service
    layers: Layers
    reader: MonitorReader
    watch: WatchSection
    figures: Figures
    _is_checked: bool = False
    _last: str = ""

    def step(self) -> int | None:
        """Work through the present head and return its slot; nothing new costs a read."""
        if not self._is_checked:
            self.layers.require_agreement()
            self._is_checked = True
        block = self.layers.rpc.agreed_head()
        self.service.health.head_read()
        if block.hash != self._last:
            reading = self.reader.read()
            self.figures.seen(reading)
            for name, text in judge(reading, self.watch).items():
                self.service.alarms.set(name, text)
            self.service.health.at("watching")
            self._last = block.hash
        return self.reader.head_slot(block)


@contextmanager
def open_monitor(settings: MonitorServiceSettings, service: Service) -> Iterator[Monitor]:
    """Put a monitor together; nothing is asked of a node before the first step."""
    figures = Figures(service.metrics)
    url = settings.webhook.address()
    with open_layers(settings, service.note_disagreement) as layers:
        chain_id, failures = layers.manifest.chain_id, figures.webhook_failures
        telling = (
            nullcontext()
            if url is None
            else Webhook(url, settings.webhook, service, chain_id, failures)
        )
        with telling:
            watch = watched(settings, layers)
            reader = MonitorReader(
                layers,
                watch,
                settings.data,
                service.log,
                MarketPart(settings.deployment).places,
                only_reads=False,
            )
            yield Monitor(service, layers, reader, watch, figures)


def watched(settings: MonitorServiceSettings, layers: Layers) -> WatchSection:
    """Thresholds with the deployment's values where they were left open."""
    if settings.watch.fee_bps is not None:
        return settings.watch
    deployed = layers.manifest.configuration.parameters.fee_bps
    return settings.watch.model_copy(update={"fee_bps": deployed})
