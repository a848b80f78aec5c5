"""The loop outlives every failure and ends when asked to."""

import errno
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import IO

import pytest

from keel.chain.errors import RpcConnectionError, RpcError
from keel.nodes.errors import NodeError
from keel.service.loop import pause_seconds, run_loop
from keel.service.service import Service
from keel.service.signals import LOOK_SIGNAL, STOP_SECONDS
from tests.unit.service.waiting import WAIT_SECONDS, head_slot_of, until

_STUBBORN = Path(__file__).with_name("stubborn.py")


@contextmanager
def _looping(service: Service, step: Callable[[], int | None]) -> Iterator[None]:
    thread = threading.Thread(target=run_loop, args=(step, service))
    thread.start()
    try:
        yield
    finally:
        service.wishes.end()
        thread.join()


@pytest.mark.parametrize(
    ("failure", "alarm"),
    [
        (NodeError("http://a", "silent"), "nodes"),
        (RpcError("eth_call", -32000, "busy", None), "nodes"),
        (RpcConnectionError("broke off"), "nodes"),
        (ConnectionResetError("reset"), "nodes"),
        (TimeoutError("late"), "nodes"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk"),
        (OSError(errno.EFBIG, "File too large"), "disk"),
        (ZeroDivisionError("division by zero"), "fault"),
        (PermissionError(errno.EACCES, "Permission denied"), "fault"),
    ],
)
def test_a_failure_shows_as_its_alarm_until_a_step_succeeds(
    service: Service, log_lines: StringIO, failure: Exception, alarm: str
) -> None:
    fails = threading.Event()
    fails.set()

    def step() -> int:
        if fails.is_set():
            raise failure
        return 33

    with _looping(service, step):
        until(lambda: alarm in service.alarms.texts())
        assert list(service.alarms.texts()) == [alarm]
        assert service.health.head_slot == -1
        fails.clear()
        until(lambda: service.health.head_slot == 33)
        assert service.alarms.texts() == {}
    failed = [json.loads(line) for line in log_lines.getvalue().splitlines()]
    (told,) = [line for line in failed if line["event"] == "step.failed"]
    assert ("Traceback" in told.get("exception", "")) == (alarm == "fault")


def test_a_real_full_disk_is_the_alarm_disk(service: Service) -> None:
    def step() -> None:
        Path("/dev/full").write_text("x")

    with _looping(service, step):
        until(lambda: "disk" in service.alarms.texts())
    assert "No space left on device" in service.alarms.texts()["disk"]


def test_alarms_of_others_stand_after_a_good_step(service: Service) -> None:
    service.alarms.raise_("disagreement", "two reports")
    run_loop(lambda: 5, service, once=True)
    assert service.alarms.texts() == {"disagreement": "two reports"}


def test_once_lets_the_error_pass(service: Service) -> None:
    def step() -> int:
        raise NodeError("http://a", "silent")

    with pytest.raises(NodeError):
        run_loop(step, service, once=True)


def test_pauses_double_to_ten_seconds() -> None:
    assert [pause_seconds(0.5, failures) for failures in (0, 1, 2, 9)] == [0.5, 1, 2, 10]
    assert pause_seconds(60, 3) == 60
    assert pause_seconds(0.01, 10**6) == 10


def _start(config: Path, kind: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(_STUBBORN), str(config), kind], stderr=subprocess.PIPE, text=True
    )


def _monitor_of(stream: IO[str] | None) -> str:
    assert stream is not None
    line = json.loads(stream.readline())
    assert line["event"] == "service.started"
    return str(line["monitor"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("kind", ["quick", "hanging"])
def test_a_signal_ends_the_process_within_two_seconds(
    config: Path, number: signal.Signals, kind: str
) -> None:
    process = _start(config, kind)
    try:
        url = _monitor_of(process.stderr)
        reached = 12 if kind == "quick" else -1
        until(lambda: head_slot_of(url) == reached)
        process.send_signal(number)
        # Of the two seconds, the rest is for what a busy machine may add.
        assert STOP_SECONDS < 2
        assert process.wait(timeout=WAIT_SECONDS) == 0
        assert process.stderr is not None
        assert ("service.stopped" in process.stderr.read()) == (kind == "quick")
    finally:
        process.kill()
        process.wait()


def test_a_signal_asks_for_one_look_before_the_next_poll(config: Path) -> None:
    config.write_text(config.read_text() + "poll_seconds = 60\n")
    process = _start(config, "counting")
    try:
        url = _monitor_of(process.stderr)
        for looks in (1, 2, 3):
            until(lambda looks=looks: head_slot_of(url) == looks)  # type: ignore[misc]
            process.send_signal(LOOK_SIGNAL)
        until(lambda: head_slot_of(url) == 4)
    finally:
        process.kill()
        process.wait()


def test_a_second_process_with_the_same_folder_is_refused(config: Path) -> None:
    first = _start(config, "quick")
    try:
        _monitor_of(first.stderr)
        second = _start(config, "quick")
        _, told = second.communicate(timeout=WAIT_SECONDS)
        assert second.returncode == 1
        assert "is in use by another process" in told
    finally:
        first.kill()
        first.wait()
