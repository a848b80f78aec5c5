"""Services that begin in a moment: forked from a process that has read all of the program."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import orjson
import pytest

from keel.chain.child import dies_with_parent
from keel.circle.errors import ProcessError
from keel.circle.process import Process, Service

_LOOK_SECONDS = 0.005

type Rear = Callable[[Service], Process]
"""Makes the process of a reporter or keeper."""


class Nursery:
    """The process that forks services; they end with it, and it ends with us."""

    def __init__(self) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.forking"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=dies_with_parent(signal.SIGKILL),  # noqa: PLW1509 (one system call)
        )

    def bear(self, command: Sequence[str], log: Path) -> int:
        """Begin the life of what a `python -m` command would run, and return its process id."""
        _, _, package, *arguments = command
        return int(self._ask({"package": package, "arguments": arguments, "log": str(log)}))

    def exit_code(self, pid: int) -> int | None:
        """How it ended, None while it lives; a signal is negative."""
        code = self._ask({"pid": pid})
        return None if code is None else int(code)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.kill()
        self._server.communicate()

    def _ask(self, question: dict[str, Any]) -> Any:
        if self._server.stdin is None or self._server.stdout is None:
            raise ProcessError("the nursery has no pipes")
        self._server.stdin.write(orjson.dumps(question) + b"\n")
        self._server.stdin.flush()
        return orjson.loads(self._server.stdout.readline())


class Child:
    """What a Process wants of a child, for one whose parent is the nursery."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self.pid = pid
        self._nursery = nursery
        self._code: int | None = None

    def poll(self) -> int | None:
        """How it ended, None while it lives."""
        if self._code is None:
            self._code = self._nursery.exit_code(self.pid)
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended; raises TimeoutExpired."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and timeout is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("child", timeout)
            time.sleep(_LOOK_SECONDS)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, to nobody once it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


class Reared(Process):
    """A reporter or keeper out of the nursery."""

    def __init__(self, service: Service, nursery: Nursery) -> None:
        super().__init__(service)
        self._nursery = nursery

    def start(self) -> None:
        """Begin a life; raises ProcessError when one is still going on."""
        if self.is_running:
            raise ProcessError(f"{self.name} is already running as process {self.pid}")
        pid = self._nursery.bear(self.service.command, self.service.log_path)
        self._child = cast("subprocess.Popen[bytes]", Child(self._nursery, pid))
        self.is_stopped, self.is_expected = False, True


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """The worker's nursery: a service out of it begins in a tenth of the time."""
    with Nursery() as nursery:
        yield nursery


@pytest.fixture(scope="session")
def rear(nursery: Nursery) -> Rear:
    """Make a process that begins its lives in the nursery."""

    def reared(service: Service) -> Process:
        return Reared(service, nursery)

    return reared
