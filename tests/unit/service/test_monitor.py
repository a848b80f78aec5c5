"""/health and /metrics over a real socket."""

import httpx
import pytest

from keel.service.monitor import Health, monitor_app
from keel.service.service import Service
from keel.serving import ListenError, serve_app


def test_health_tells_how_far_the_service_is(service: Service) -> None:
    app = monitor_app(service.health, service.alarms, service.metrics)
    with serve_app(app, "127.0.0.1", 0) as url:
        service.health.finished(77)
        service.health.at("exchanging", 64)
        answer = httpx.get(f"{url}/health")
        assert answer.status_code == 200
        assert answer.json() == {
            "service": "reporter",
            "status": "ok",
            "head_slot": 77,
            "ref_slot": 64,
            "stage": "exchanging",
            "alarms": {},
            "account": None,
        }
        service.alarms.raise_("gas_price", "gas costs 300 gwei")
        answer = httpx.get(f"{url}/health")
        assert (answer.status_code, answer.json()["status"]) == (200, "alarm")
        assert answer.json()["alarms"] == {"gas_price": "gas costs 300 gwei"}


def test_only_a_head_that_stays_away_makes_the_service_unhealthy(service: Service) -> None:
    health = Health("keeper", stale_seconds=0.05)
    app = monitor_app(health, service.alarms, service.metrics)
    with serve_app(app, "127.0.0.1", 0) as url:
        health.finished(1)
        while not health.is_stale:
            pass
        answer = httpx.get(f"{url}/health")
        assert (answer.status_code, answer.json()["status"]) == (503, "stopped")
        health.head_read()
        assert not health.is_stale


def test_metrics_are_those_of_this_service_alone(service: Service) -> None:
    service.metrics.head_slot.set(5)
    app = monitor_app(service.health, service.alarms, service.metrics)
    with serve_app(app, "127.0.0.1", 0) as url:
        answer = httpx.get(f"{url}/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "keel_reporter_head_slot 5.0" in answer.text
    assert "python_info" not in answer.text


def test_a_taken_port_is_said_in_one_line(service: Service) -> None:
    app = monitor_app(service.health, service.alarms, service.metrics)
    with serve_app(app, "127.0.0.1", 0) as url:
        port = int(url.rpartition(":")[2])
        with (
            pytest.raises(ListenError, match=f"^cannot listen on port {port} of 127.0.0.1: Addr"),
            serve_app(app, "127.0.0.1", port),
        ):
            pass
    with serve_app(app, "127.0.0.1", port) as again:
        assert again == url


@pytest.mark.parametrize("host", ["no\0host", "b\u00fccher..de", "no.such.host.invalid"])
def test_what_is_no_host_is_said_in_one_line(service: Service, host: str) -> None:
    app = monitor_app(service.health, service.alarms, service.metrics)
    with (
        pytest.raises(ListenError, match=r"^cannot listen on port 9 of .*: \w"),
        serve_app(app, host, 9),
    ):
        pass
