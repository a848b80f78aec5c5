"""Log lines keep numbers whole; an alarm is told once when it comes and once when it goes."""

import json
import socket
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from keel.service.logs import open_log
from keel.service.service import Service
from tests.unit.service.waiting import head_slot_of, until

_STUBBORN = Path(__file__).with_name("stubborn.py")


def _lines(written: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_numbers_of_any_size_and_bytes_are_readable() -> None:
    written = StringIO()
    open_log("json", "keeper", written).info(
        "report.built", amount_wei=10**30, root=b"\1\2", roots=[b"\3"], path=Path("a/b")
    )
    (line,) = _lines(written)
    assert (line["event"], line["service"], line["level"]) == ("report.built", "keeper", "info")
    assert (line["amount_wei"], line["root"], line["roots"]) == (10**30, "0x0102", ["0x03"])
    assert line["path"] == "a/b"


def test_a_traceback_shows_no_local_variables() -> None:
    for kind in ("json", "console"):
        written = StringIO()
        secret = "unspoken" + "-word"
        try:
            int(str(len(secret)) + "x")
        except ValueError as error:
            open_log("console" if kind == "console" else "json", "keeper", written).error(
                "step.failed", exc_info=error
            )
        assert "Traceback" in written.getvalue()
        assert secret not in written.getvalue()


def test_a_line_that_the_disk_refuses_is_lost_without_an_error(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process logs to a full disk, works on, and ends in order."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("KEEL_STUBBORN_MONITOR__LISTEN", address)
    with Path("/dev/full").open("wb") as full:
        process = subprocess.Popen(
            [sys.executable, str(_STUBBORN), str(config), "quick"], stderr=full
        )
    try:
        until(lambda: head_slot_of(f"http://{address}") == 12)
        process.terminate()
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.wait()


def test_an_alarm_is_logged_once_and_counted_until_it_ends(
    service: Service, log_lines: StringIO
) -> None:
    service.alarms.raise_("nodes", "all are silent")
    since = service.alarms.standing()[0].since
    service.alarms.raise_("nodes", "one is silent")
    assert service.alarms.texts() == {"nodes": "one is silent"}
    assert service.alarms.standing()[0].since == since
    assert 'keel_alarm{name="nodes",service="reporter"} 1.0' in service.metrics.render().decode()
    service.alarms.clear("nodes")
    service.alarms.clear("nodes")
    assert service.alarms.standing() == ()
    assert 'keel_alarm{name="nodes",service="reporter"} 0.0' in service.metrics.render().decode()
    assert [line["event"] for line in _lines(log_lines)] == ["alarm.raised", "alarm.cleared"]
