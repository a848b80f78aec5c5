"""The page shows what reporters, keepers and monitors say of themselves."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from keel.dashboard.alarms import Level
from keel.dashboard.server import DashboardOptions, serving_dashboard
from keel.dashboard.services import ServiceReader
from keel.deploy.artifacts import Artifacts
from keel.deploy.manifest import write_manifest
from keel.scenarios.beacon_world import BeaconWorld
from keel.service.alarms import Alarms
from keel.service.logs import open_log
from keel.service.metrics import Metrics
from keel.service.monitor import Health, monitor_app
from keel.serving import serve_app
from tests.unit.service.waiting import until


@pytest.fixture
def alarms() -> Alarms:
    return Alarms(open_log("json", "monitor", StringIO()), Metrics("monitor"))


@pytest.fixture
def health() -> Health:
    return Health("monitor", stale_seconds=60)


@pytest.fixture
def url(alarms: Alarms, health: Health) -> Iterator[str]:
    with serve_app(monitor_app(health, alarms, Metrics("monitor")), "127.0.0.1", 0) as url:
        yield url


def test_alarms_of_a_service_are_those_that_stand(url: str, alarms: Alarms) -> None:
    reader = ServiceReader([url])
    assert reader.read() == ()
    alarms.raise_("queue_long", "11 tickets <b>wait</b>")
    (alarm,) = reader.read()
    assert (alarm.name, alarm.level) == ("queue_long", Level.WARNING)
    assert alarm.title == "A monitor raises queue_long"
    assert alarm.meaning.startswith("11 tickets <b>wait</b> (")
    alarms.clear("queue_long")
    assert reader.read() == ()


def test_a_service_that_is_away_or_no_service_is_an_alarm_of_its_own(url: str) -> None:
    def answer(_request: Request) -> Response:
        return PlainTextResponse("hello")

    with serve_app(Starlette(routes=[Route("/health", answer)]), "127.0.0.1", 0) as other:
        reader = ServiceReader(["http://127.0.0.1:9", other, url])
        away, strange = reader.read()
        assert away.name == strange.name == "service_silent"
    assert away.meaning == "http://127.0.0.1:9 cannot be reached (ConnectError)."
    assert strange.meaning == f"What {other} answers is not the health of a service."


def test_the_page_shows_them_beside_its_own_and_lets_them_go(
    validating_world: BeaconWorld, artifacts: Artifacts, tmp_path: Path, url: str, alarms: Alarms
) -> None:
    manifest = tmp_path / "manifest.json"
    write_manifest(validating_world.manifest, manifest, artifacts)
    options = DashboardOptions(
        execution_url=validating_world.rpc.url,
        beacon_url="http://127.0.0.1:9",
        deployment=manifest,
        port=0,
        poll_seconds=0.05,
        services=(url,),
    )
    alarms.raise_("queue_long", "11 tickets <b>wait</b>")
    with serving_dashboard(options) as page:
        until(lambda: "A monitor raises queue_long" in httpx.get(page).text)
        shown = httpx.get(page).text
        assert "11 tickets &lt;b&gt;wait&lt;/b&gt;" in shown
        assert 'href="/operations#queue_long"' in shown
        alarms.clear("queue_long")
        until(lambda: "queue_long" not in httpx.get(page).text)
