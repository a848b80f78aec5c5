"""A monitor's reader beside a deployment without a beacon chain, and the alarms that stand."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

from keel.deploy.bindings import bind
from keel.deploy.manifest import make_manifest
from keel.monitor.alarms import judge
from keel.monitor.reader import MonitorReader
from keel.monitor.reading import Reading
from keel.monitor.settings import WatchSection
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.nodes.agreed_rpc import AgreedRpc
from keel.service.layers import Layers
from keel.service.logs import open_log
from keel.sight.market.places import MarketRecords, Places
from tests.deployment import Keel

type Standing = Callable[..., dict[str, str]]
"""Alarms that stand now, by name; thresholds by their keys."""


class Watch:
    """Reads as a monitor does at each head."""

    def __init__(self, layers: Layers, records: MarketRecords, folder: Path) -> None:
        self.records = records
        self._layers = layers
        self._folder = folder

    def reading(self, watch: WatchSection | None = None) -> Reading:
        """All that alarms are judged by."""
        log = open_log("json", "monitor", StringIO())
        reader = MonitorReader(
            self._layers,
            watch or WatchSection(),
            self._folder,
            log,
            lambda: Places.of(self.records),
            only_reads=False,
        )
        return reader.read()

    def standing(self, **thresholds: object) -> dict[str, str]:
        """Alarms with these thresholds."""
        watch = WatchSection.model_validate(thresholds)
        found = judge(self.reading(watch), watch)
        return {name: text for name, text in found.items() if text is not None}


@contextmanager
def watching(keel: Keel, folder: Path, records: MarketRecords | None = None) -> Iterator[Watch]:
    """Read by connections of one's own; `records` is the market that the manifest names."""
    manifest = make_manifest(keel.rpc, keel.plan, keel.deployment.block, keel.artifacts)
    with (
        AgreedRpc([keel.rpc.url], 1, 10.0, lambda *_: None) as rpc,
        AgreedBeacon(["http://127.0.0.1:9"], 1, 1.0, lambda *_: None) as beacon,
    ):
        bindings = bind(rpc, keel.plan.addresses, keel.artifacts)
        yield Watch(Layers(manifest, bindings, rpc, beacon), records or {}, folder)
