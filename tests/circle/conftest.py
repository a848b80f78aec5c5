"""A real service as a child, in as many lives as a test wants."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from keel.circle.ports import choose_ports
from keel.circle.process import Process, Service, end_all

CHILD = Path(__file__).with_name("child.py")

type MakeService = Callable[[str], Service]


@pytest.fixture
def service(tmp_path: Path) -> MakeService:
    """Describe the child that serves, fails, sulks or is unwell."""

    def described(deed: str) -> Service:
        (port,) = choose_ports(1)
        command = (sys.executable, str(CHILD), str(port), str(tmp_path), deed)
        return Service("child", command, tmp_path, f"http://127.0.0.1:{port}/health")

    return described


@pytest.fixture
def process(service: MakeService) -> Iterator[Process]:
    """One that serves, not started yet."""
    described = Process(service("serve"))
    yield described
    end_all([described])
