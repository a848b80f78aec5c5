"""A configuration that is complete, and the parts of a service that need no port."""

from io import StringIO
from pathlib import Path

import pytest

from keel.service.alarms import Alarms
from keel.service.logs import open_log
from keel.service.metrics import Metrics
from keel.service.monitor import Health
from keel.service.service import Service
from keel.service.wishes import Wishes

CONFIG = """
deployment = "manifest.json"
data = "state"
[network]
execution = ["http://127.0.0.1:8545", "http://127.0.0.1:8546", "http://127.0.0.1:8547"]
beacon = ["http://127.0.0.1:5052"]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "reporter.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def log_lines() -> StringIO:
    return StringIO()


@pytest.fixture
def service(tmp_path: Path, log_lines: StringIO) -> Service:
    log = open_log("json", "reporter", log_lines)
    metrics = Metrics("reporter")
    return Service(
        name="reporter",
        folder=tmp_path,
        poll_seconds=0.01,
        log=log,
        alarms=Alarms(log, metrics),
        metrics=metrics,
        health=Health("reporter", stale_seconds=60),
        wishes=Wishes(),
    )
