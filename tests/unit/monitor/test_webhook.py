"""The webhook hears of every alarm, however often it fails, and its address stays secret."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keel.monitor.figures import Figures
from keel.monitor.settings import WebhookSection
from keel.monitor.webhook import Webhook
from keel.service.alarms import Alarms
from keel.service.errors import SettingsError
from keel.service.logs import adopt_library_warnings, open_log
from keel.service.metrics import Metrics
from keel.service.monitor import Health
from keel.service.service import Service
from keel.service.wishes import Wishes
from keel.serving import serve_app
from tests.unit.service.waiting import until

KEY = "Zq81kLw"


@dataclass
class Receiver:
    """Answers with `status`, and keeps what it took."""

    status: int = 200
    heard: list[dict[str, Any]] = field(default_factory=list)
    refused: int = 0

    async def take(self, request: Request) -> Response:
        message = json.loads(await request.body())
        if self.status == 200:
            self.heard.append(message)
        else:
            self.refused += 1
        return Response(status_code=self.status)


@pytest.fixture
def lines() -> StringIO:
    return StringIO()


@pytest.fixture
def service(tmp_path: Path, lines: StringIO) -> Service:
    log, metrics = open_log("json", "monitor", lines), Metrics("monitor")
    adopt_library_warnings(log)
    alarms, health = Alarms(log, metrics), Health("monitor", stale_seconds=60)
    return Service("monitor", tmp_path, 0.01, log, alarms, metrics, health, Wishes())


@contextmanager
def telling(service: Service, receiver: Receiver) -> Iterator[None]:
    app = Starlette(routes=[Route(f"/{KEY}", receiver.take, methods=["POST"])])
    settings = WebhookSection(timeout_seconds=2.0, most_pause_seconds=0.1)
    failures = Figures(service.metrics).webhook_failures
    with (
        serve_app(app, "127.0.0.1", 0) as url,
        Webhook(f"{url}/{KEY}", settings, service, 31337, failures),
    ):
        yield


def test_it_hears_what_is_raised_and_what_is_cleared(service: Service) -> None:
    receiver = Receiver()
    with telling(service, receiver):
        service.alarms.raise_("queue_long", "2 tickets wait")
        until(lambda: len(receiver.heard) == 1)
        service.alarms.raise_("queue_long", "3 tickets wait")  # the same alarm
        service.alarms.clear("queue_long")
        until(lambda: len(receiver.heard) == 2)
    assert receiver.heard == [
        {
            "service": "keel-monitor",
            "chain_id": 31337,
            "raised": {"queue_long": "2 tickets wait"},
            "cleared": [],
            "text": "ALARM queue_long: 2 tickets wait",
        },
        {
            "service": "keel-monitor",
            "chain_id": 31337,
            "raised": {},
            "cleared": ["queue_long"],
            "text": "cleared: queue_long",
        },
    ]


def test_what_did_not_arrive_is_told_again_and_blocks_nobody(
    service: Service, lines: StringIO
) -> None:
    receiver = Receiver(status=503)
    with telling(service, receiver):
        service.alarms.raise_("stale", "3 frames without a report")
        until(lambda: receiver.refused >= 2)
        assert service.alarms.texts()["webhook"] == "the webhook answers with status 503"
        service.alarms.raise_("dead", "14 frames without a report")
        receiver.status = 200
        until(lambda: any("dead" in message["raised"] for message in receiver.heard))
    raised: dict[str, str] = {}
    for message in receiver.heard:
        raised |= message["raised"]
    assert raised == {"stale": "3 frames without a report", "dead": "14 frames without a report"}
    assert "alarm.raised" in lines.getvalue()
    assert KEY not in lines.getvalue()
    assert b"keel_monitor_webhook_failures_total" in service.metrics.render()


def test_a_receiver_that_is_away_is_an_alarm_without_its_address(
    service: Service, lines: StringIO
) -> None:
    failures = Figures(service.metrics).webhook_failures
    settings = WebhookSection(most_pause_seconds=0.1)
    service.alarms.raise_("dead", "14 frames")
    with Webhook(f"http://127.0.0.1:9/{KEY}", settings, service, 1, failures):
        until(lambda: "webhook" in service.alarms.texts())
    assert service.alarms.texts()["webhook"] == "the webhook cannot be reached (ConnectError)"
    assert KEY not in lines.getvalue()


def test_an_address_comes_from_a_private_file_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "webhook"
    file.write_text(f"https://hooks.example/{KEY}\n")
    file.chmod(0o600)
    assert WebhookSection(url_file=file).address() == f"https://hooks.example/{KEY}"
    assert WebhookSection().address() is None
    file.write_text(f"hooks.example/{KEY}")
    with pytest.raises(SettingsError, match="webhook: the address must be http or https") as fault:
        WebhookSection(url_file=file).address()
    assert KEY not in str(fault.value)
