"""A monitor's reader beside contracts that hold nothing but the first deposit, without beacon."""

from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest

from keel.deploy.bindings import bind
from keel.deploy.manifest import make_manifest
from keel.monitor.alarms import judge
from keel.monitor.reader import MonitorReader
from keel.monitor.settings import WatchSection
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.nodes.agreed_rpc import AgreedRpc
from keel.service.layers import Layers
from keel.service.logs import open_log
from tests.constructed import keel
from tests.deployment import Keel

__all__ = ["keel"]

type Standing = Callable[..., dict[str, str]]
"""Alarms that stand now, by name; thresholds by their keys."""


@pytest.fixture
def layers(keel: Keel) -> Iterator[Layers]:
    manifest = make_manifest(keel.rpc, keel.plan, keel.deployment.block, keel.artifacts)
    with (
        AgreedRpc([keel.rpc.url], 1, 10.0, lambda *_: None) as rpc,
        AgreedBeacon(["http://127.0.0.1:9"], 1, 1.0, lambda *_: None) as beacon,
    ):
        yield Layers(manifest, bind(rpc, keel.plan.addresses, keel.artifacts), rpc, beacon)


@pytest.fixture
def standing(layers: Layers, tmp_path: Path) -> Standing:
    def read(**thresholds: object) -> dict[str, str]:
        watch = WatchSection.model_validate(thresholds)
        log = open_log("json", "monitor", StringIO())
        reading = MonitorReader(layers, watch, tmp_path, log, only_reads=False).read()
        return {name: text for name, text in judge(reading, watch).items() if text is not None}

    return read
