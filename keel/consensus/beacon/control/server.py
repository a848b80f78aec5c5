"""Serves commands over a Unix socket, one at a time, and lets slots pass in step with the clock.

Everything happens in one thread: a command never meets a slot half done. A request is one line
of JSON, {"command": ..., "arguments": {...}}; the answer is a line for each slot that passed and a
last one with either "result" or "error". Who asked and leaves before that ends what it asked for.
"""

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from keel.chain.errors import ChainError
from keel.consensus.beacon.control.arguments import checked
from keel.consensus.beacon.control.callers import Callers
from keel.consensus.beacon.control.commands import COMMANDS
from keel.consensus.beacon.control.desk import Desk
from keel.consensus.beacon.control.errands import Errands
from keel.consensus.beacon.errors import BadArgumentError, BeaconError, UnknownValidatorError
from keel.consensus.beacon.outcome import SlotOutcome
from keel.consensus.deposit_problems import DepositDataError
from keel.errors import KeelError

_LOOK_SECONDS = 0.1
_SEND_SECONDS = 2.0
_LONGEST_PATH = 100  # of the 108 bytes in sockaddr_un
_USAGE = (BadArgumentError, UnknownValidatorError, DepositDataError)


def socket_path(folder: Path) -> Path:
    """Where the chain of a folder listens; raises BeaconError for a path no socket can have."""
    path = folder.with_name(folder.name + ".sock").absolute()
    if len(str(path)) > _LONGEST_PATH:
        raise BeaconError(f"{path} is too long for a socket: choose another --data")
    return path


def serve(
    desk: Desk,
    stopped: Callable[[], bool],
    slot_seconds: float | None = None,
    show: Callable[[SlotOutcome], None] = lambda _: None,
    errands: Errands | None = None,
) -> None:
    """Answer until `stopped`; with `slot_seconds` a slot passes each time they are over.

    A slot that took too long is not made up for. `show` is told of every slot. `errands` are
    performed between commands and slots.
    """
    with (
        _listening(socket_path(desk.folder)) as listener,
        closing(Callers(listener, errands)) as callers,
    ):
        due = None if slot_seconds is None else time.monotonic() + slot_seconds
        while not stopped():
            now = time.monotonic()
            if due is not None and slot_seconds is not None and now >= due:
                show(desk.chain.step())
                due = max(due + slot_seconds, time.monotonic())
                continue
            left = _LOOK_SECONDS if due is None else min(_LOOK_SECONDS, due - now)
            for connection, line in callers.hear(max(left, 0.001)):
                _Answer(desk, connection, stopped, show).give(line)
            if errands is not None:
                errands.perform()


@contextmanager
def _listening(path: Path) -> Iterator[socket.socket]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
        else:
            raise BeaconError(f"a chain is already running at {path}")
    with socket.socket(socket.AF_UNIX) as listener:
        # Listens before its name appears: who sees the socket can connect.
        unnamed = path.with_name(path.name + ".new")
        unnamed.unlink(missing_ok=True)
        before = os.umask(0o077)
        try:
            listener.bind(str(unnamed))
        finally:
            os.umask(before)
        listener.listen()
        unnamed.replace(path)
        try:
            yield listener
        finally:
            path.unlink(missing_ok=True)


@dataclass
class _Answer:
    """One request that is performed, and whoever waits for it."""

    desk: Desk
    connection: socket.socket
    stopped: Callable[[], bool]
    show: Callable[[SlotOutcome], None]

    def give(self, line: bytes) -> None:
        """Perform a request and tell its result, or why there is none."""
        self.connection.settimeout(_SEND_SECONDS)
        self.desk.on_slot = self._passed
        try:
            answer: dict[str, Any] = {"result": _perform(self.desk, line)}
        except _CallerLeftError:
            return
        except _USAGE as error:
            answer = {"error": _first_line(error), "is_usage": True}
        except (BeaconError, ChainError, OSError) as error:
            answer = {"error": _first_line(error), "is_usage": False}
        except Exception as error:  # the chain is everybody's, and is as it was before
            fault = f"a bug in Keel: {type(error).__name__}: {_first_line(error)}"
            answer = {"error": fault, "is_usage": False}
        finally:
            self.desk.on_slot = None
        with contextlib.suppress(_CallerLeftError):
            self._tell(answer)

    def _passed(self, outcome: SlotOutcome) -> None:
        """Tell of a slot, and go no further for somebody who has left, or once all is to end."""
        self.show(outcome)
        if self.desk.pace is not None:
            self.desk.pace(outcome)
        self._tell({"slot": outcome.slot, "missed": outcome.missed})
        if self.stopped():
            raise BeaconError("the chain is ending")

    def _tell(self, message: dict[str, Any]) -> None:
        try:
            self.connection.sendall(orjson.dumps(message) + b"\n")
        except OSError as error:
            raise _CallerLeftError from error


class _CallerLeftError(KeelError):
    """Nobody waits for the answer any more."""


def _perform(desk: Desk, line: bytes) -> dict[str, Any]:
    try:
        request = orjson.loads(line)
        function, arguments = COMMANDS[request["command"]], dict(request["arguments"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise BadArgumentError(f"not a command: {error}") from error
    return function(desk, **checked(function, arguments))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
