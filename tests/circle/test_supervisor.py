"""Whoever ends by itself is started again, and it is said; whoever we end is not."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from keel.circle.process import Process, end_all
from keel.circle.supervisor import Supervisor
from tests.circle.conftest import MakeService


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(process: Process, said: list[str]) -> Supervisor:
    supervisor = Supervisor([process], said.append)
    supervisor.start()
    _look_until(supervisor, lambda: bool(said))
    return supervisor


def test_it_says_who_is_ready(supervisor: Supervisor, process: Process, said: list[str]) -> None:
    supervisor.look()
    assert said == [f"child is ready (process {process.pid})"]


def test_a_child_that_dies_lives_again(
    supervisor: Supervisor, process: Process, said: list[str]
) -> None:
    first = process.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    _look_until(supervisor, lambda: len(said) == 3)
    assert said[1].startswith("child ended with code -9 and starts again in 1 s; its log is ")
    assert said[2] == f"child is ready (process {process.pid})"
    assert process.pid != first
    assert process.health().head_slot == 2


def test_a_child_that_we_end_stays_dead(
    supervisor: Supervisor, process: Process, said: list[str]
) -> None:
    end_all([process])
    supervisor.look()
    time.sleep(1.1)
    supervisor.look()
    assert not process.is_running
    assert len(said) == 1


@pytest.fixture
def failing(service: MakeService) -> Iterator[Process]:
    failing = Process(service("fail"))
    yield failing
    end_all([failing])


def test_a_child_that_keeps_failing_is_tried_less_often(failing: Process, said: list[str]) -> None:
    supervisor = Supervisor([failing], said.append)
    supervisor.start()
    _look_until(supervisor, lambda: len(said) == 2)
    assert ["in 1 s" in said[0], "in 2 s" in said[1]] == [True, True]


def _look_until(supervisor: Supervisor, reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not reached():
        assert time.monotonic() < deadline
        supervisor.look()
        time.sleep(0.02)
