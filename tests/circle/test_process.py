"""Processes of a circle, with a real child, real signals and real sockets."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from keel.circle.errors import ProcessError
from keel.circle.process import Process
from tests.circle.conftest import MakeService


@pytest.fixture
def child(process: Process) -> Process:
    process.start()
    process.await_ready()
    return process


def test_a_child_is_ready_when_it_answers(child: Process) -> None:
    health = child.health()
    assert (health.service, health.head_slot, health.stage) == ("child", 1, "waiting")


def test_a_child_that_is_unwell_answers_too(service: MakeService) -> None:
    with Process(service("unwell")) as process:
        process.start()
        process.await_ready()
        assert process.health().head_slot == 1


def test_another_server_on_its_port_is_not_taken_for_it(service: MakeService) -> None:
    with Process(service("foreign")) as process:
        process.start()
        with pytest.raises(ProcessError, match="child did not answer within 2 s"):
            process.await_ready(timeout_seconds=2)
        with pytest.raises(ProcessError, match="another server answers at http://"):
            process.health()


def test_a_child_that_fails_is_told_with_its_log(service: MakeService) -> None:
    process = Process(service("fail"))
    process.start()
    with pytest.raises(ProcessError, match=r"^child ended with code 3: the key is not to be found"):
        process.await_ready()


def test_a_child_that_never_answers_is_given_up(service: MakeService) -> None:
    with Process(service("sulk")) as process:
        process.start()
        with pytest.raises(ProcessError, match="did not answer within 1 s: it wrote nothing"):
            process.await_ready(timeout_seconds=1)


def test_a_killed_child_answers_no_more_and_lives_again_on_its_port(child: Process) -> None:
    first = child.pid
    child.kill()
    assert (child.is_running, child.exit_code) == (False, -signal.SIGKILL)
    with pytest.raises(ProcessError, match="child does not answer"):
        child.health()
    child.restart()
    assert child.pid != first
    assert child.health().head_slot == 2


def test_a_stopped_child_is_silent_and_goes_on_where_it_was(child: Process) -> None:
    first = child.pid
    child.stop()
    assert child.is_running
    _await(lambda: _state(child) == "T")
    with pytest.raises(ProcessError, match="child does not answer"):
        child.health()
    child.go_on()
    assert child.health().head_slot == 1
    assert child.pid == first


def test_a_child_asked_to_end_does_so_by_itself(child: Process) -> None:
    assert child.terminate() == 0
    assert not child.is_expected


def test_a_stopped_child_can_be_ended(child: Process) -> None:
    child.stop()
    assert child.terminate() == 0


def test_a_child_that_ended_by_itself_is_expected_to_live(child: Process) -> None:
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    _await(lambda: not child.is_running)
    assert child.is_expected


def test_a_second_life_at_once_is_refused(child: Process) -> None:
    with pytest.raises(ProcessError, match=f"child is already running as process {child.pid}"):
        child.start()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_child_outlives_its_parent(service: MakeService, number: signal.Signals) -> None:
    described = service("serve")
    program = (
        "import time\n"
        "from pathlib import Path\n"
        "from keel.circle.process import Process, Service\n"
        f"service = Service('child', {described.command!r}, Path({str(described.folder)!r}), "
        f"{described.health_url!r})\n"
        "process = Process(service)\n"
        "process.start()\n"
        "process.await_ready()\n"
        "process.stop()\n"
        "print(process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(number)
    _await(lambda: not Path(f"/proc/{pid}").exists())


def _state(process: Process) -> str:
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]


def _await(reached: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)
