"""A service as a child process: started, asked how it is, stopped, killed, started again."""

import atexit
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from pydantic import BaseModel, ConfigDict, ValidationError

from keel.chain.child import dies_with_parent
from keel.chain.closeable import Closing
from keel.circle.errors import ProcessError
from keel.service.signals import LOOK_SIGNAL
from keel.serving.server import PROCESS_HEADER

_LOOK_SECONDS = 0.02
_START_SECONDS = 30.0
_END_SECONDS = 5.0
_ANSWER_SECONDS = 2.0
_TAIL_BYTES = 2_000
_TAIL_LINES = 12


@dataclass(frozen=True, slots=True)
class Service:
    """What is started, and where: its log is `log` in `folder`.

    `health_url` answers once it is ready; `serving_url` is what it offers to others, if anything.
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    health_url: str
    serving_url: str | None = None

    @property
    def log_path(self) -> Path:
        """Everything that the process wrote, over all of its lives."""
        return self.folder / "log"


class Health(BaseModel):
    """What a reporter or keeper says of itself; `head_slot` is the last head it is done with."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    service: str
    status: str
    head_slot: int | None = None
    ref_slot: int | None = None
    stage: str = ""
    alarms: dict[str, str] = {}
    account: str | None = None


class Process(Closing):
    """One life after another of a service, on the same ports and data.

    It has a session of its own, so that Ctrl-C reaches it through us only, and it is killed by the
    kernel when we end without having ended it. `is_expected`: it was started and not ended by us.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self.is_stopped = False
        self.is_expected = False
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """By which messages call it."""
        return self.service.name

    @property
    def pid(self) -> int | None:
        """Process id of the present life."""
        return None if self._child is None else self._child.pid

    @property
    def is_running(self) -> bool:
        """Whether it lives, stopped or not."""
        return self._child is not None and self._child.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How it ended, None while it runs or before it was started; a signal is negative."""
        return None if self._child is None else self._child.poll()

    def start(self) -> None:
        """Begin a life and return at once; raises ProcessError when one is still going on."""
        if self.is_running:
            raise ProcessError(f"{self.name} is already running as process {self.pid}")
        self.service.folder.mkdir(parents=True, exist_ok=True)
        with self.service.log_path.open("ab") as log:
            self._child = subprocess.Popen(
                self.service.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=dies_with_parent(signal.SIGKILL),  # noqa: PLW1509 (one system call)
            )
        self.is_stopped, self.is_expected = False, True
        atexit.register(self.kill)

    def await_ready(self, timeout_seconds: float = _START_SECONDS) -> None:
        """Wait until it answers; raises ProcessError with the end of its log."""
        deadline = time.monotonic() + timeout_seconds
        while time.monotonic() < deadline:
            if not self.is_running:
                raise ProcessError(f"{self.name} ended with code {self.exit_code}: {self.tail()}")
            if self.answers:
                return
            time.sleep(_LOOK_SECONDS)
        raise ProcessError(
            f"{self.name} did not answer within {timeout_seconds:.0f} s: {self.tail()}"
        )

    @property
    def answers(self) -> bool:
        """Whether it is ready at this moment."""
        try:
            self._ask()
        except ProcessError:
            return False
        return True

    def health(self) -> Health:
        """Ask how it is; raises ProcessError when it does not answer."""
        body = self._ask()
        try:
            return Health.model_validate_json(body)
        except ValidationError as error:
            raise ProcessError(f"{self.name} answered /health with: {body[:200]!r}") from error

    def kill(self) -> None:
        """End it as a power cut would (SIGKILL), and collect it; nothing if it does not run."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
        self.is_stopped = self.is_expected = False
        atexit.unregister(self.kill)

    def stop(self) -> None:
        """Take its processor away (SIGSTOP): its ports stay open and nobody answers."""
        self._signal(signal.SIGSTOP)
        self.is_stopped = True

    def go_on(self) -> None:
        """Give the processor back (SIGCONT)."""
        self._signal(signal.SIGCONT)
        self.is_stopped = False

    def ask_to_look(self) -> None:
        """Have it look for a new head at once, if it runs; one that is stopped stays so."""
        if self._child is not None and self.is_running:
            self._child.send_signal(LOOK_SIGNAL)

    def ask_to_end(self) -> None:
        """Send SIGTERM, and have one that is stopped go on so that it can end."""
        if self._child is not None and self.is_running:
            self._child.terminate()
            with contextlib.suppress(ProcessError):  # it may have ended at once
                self.go_on()

    def await_end(self, timeout_seconds: float = _END_SECONDS) -> int | None:
        """Wait for one that was asked to end, and insist after a while; returns the exit code."""
        if self._child is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(timeout_seconds)
        self.kill()
        return self.exit_code

    def terminate(self, timeout_seconds: float = _END_SECONDS) -> int | None:
        """Ask it to end and wait for that; returns the exit code."""
        self.ask_to_end()
        return self.await_end(timeout_seconds)

    def restart(self) -> None:
        """Start again what has ended, or end it first as a power cut would; wait until ready."""
        self.kill()
        self.start()
        self.await_ready()

    def tail(self) -> str:
        """Return the last lines of the log as one."""
        try:
            with self.service.log_path.open("rb") as log:
                size = os.fstat(log.fileno()).st_size
                log.seek(max(0, size - _TAIL_BYTES))
                lines = log.read().decode(errors="replace").split("\n")[-_TAIL_LINES:]
        except OSError as error:
            return f"its log cannot be read: {error.strerror}"
        return " / ".join(line for line in lines if line.strip()) or "it wrote nothing"

    def close(self) -> None:
        """Ask it to end and wait for that."""
        self.terminate()

    def _signal(self, number: signal.Signals) -> None:
        if self._child is None or not self.is_running:
            raise ProcessError(f"{self.name} is not running")
        self._child.send_signal(number)

    def _ask(self) -> bytes:
        """Read the health page; an unwell service answers with a status that is an error."""
        try:
            with urlopen(self.service.health_url, timeout=_ANSWER_SECONDS) as answer:  # noqa: S310 (our own http address)
                return self._own(answer.headers, bytes(answer.read()))
        except HTTPError as error:
            return self._own(error.headers, error.read())
        except (URLError, OSError) as error:
            raise ProcessError(f"{self.name} does not answer: {error}") from error

    def _own(self, headers: Message, body: bytes) -> bytes:
        """Refuse the answer of another server that has taken the port."""
        answered_by = headers.get(PROCESS_HEADER)
        if answered_by != str(self.pid):
            raise ProcessError(f"another server answers at {self.service.health_url}")
        return body


def end_all(processes: Iterable[Process]) -> None:
    """Ask all to end at once, then wait for each."""
    ending = list(processes)
    for process in ending:
        process.ask_to_end()
    for process in ending:
        process.await_end()
