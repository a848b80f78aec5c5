"""Serves commands over a Unix socket, one at a time, and lets slots pass in step with the clock.

Everything happens in one thread: a command never meets a slot half done. A request is one line
of JSON, {"command": ..., "arguments": {...}}; the answer is a line for each slot that passed and a
last one with either "result" or "error".
"""

import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from keel.chain.errors import ChainError
from keel.consensus.beacon.control.commands import COMMANDS, Desk
from keel.consensus.beacon.errors import BeaconError
from keel.consensus.beacon.outcome import SlotOutcome
from keel.consensus.deposit_data import DepositDataError

_LOOK_SECONDS = 0.1
_MOST_REQUEST_BYTES = 2**24
_LONGEST_PATH = 100  # of the 108 bytes in sockaddr_un


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
) -> None:
    """Answer until `stopped`; with `slot_seconds` a slot passes each time they are over.

    A slot that took too long is not made up for. `show` is told of every slot.
    """
    with _listening(socket_path(desk.folder)) as listener:
        due = None if slot_seconds is None else time.monotonic() + slot_seconds
        while not stopped():
            now = time.monotonic()
            if due is not None and slot_seconds is not None and now >= due:
                show(desk.chain.step())
                due = max(due + slot_seconds, time.monotonic())
                continue
            left = _LOOK_SECONDS if due is None else min(_LOOK_SECONDS, due - now)
            listener.settimeout(max(left, 0.001))
            with contextlib.suppress(TimeoutError):
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    _answer(desk, connection, show)


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


def _answer(desk: Desk, connection: socket.socket, show: Callable[[SlotOutcome], None]) -> None:
    connection.settimeout(10)
    with connection.makefile("rwb") as stream:

        def tell(message: dict[str, Any]) -> None:
            stream.write(orjson.dumps(message) + b"\n")
            stream.flush()

        def passed(outcome: SlotOutcome) -> None:
            show(outcome)
            # Whoever asked may have left; the slots go on all the same.
            with contextlib.suppress(OSError):
                tell({"slot": outcome.slot, "missed": outcome.missed})

        line = stream.readline(_MOST_REQUEST_BYTES)
        desk.on_slot = passed
        try:
            tell({"result": _perform(desk, line)})
        except (BeaconError, ChainError, DepositDataError, _BadRequestError) as error:
            tell({"error": str(error).partition("\n")[0]})
        finally:
            desk.on_slot = None


class _BadRequestError(Exception):
    """A line that no version of the client sends."""


def _perform(desk: Desk, line: bytes) -> dict[str, Any]:
    try:
        request = orjson.loads(line)
        function, arguments = COMMANDS[request["command"]], dict(request["arguments"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise _BadRequestError(f"not a command: {error}") from error
    try:
        return function(desk, **arguments)
    except (TypeError, ValueError, IndexError) as error:
        if isinstance(error, DepositDataError):
            raise
        raise _BadRequestError(f"{request['command']}: {error}") from error
