"""The first moments of `ape run chain`: what is checked before anything starts, and Ctrl-C."""

import shutil
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from keel.circle.errors import CircleError
from keel.circle.ports import HOST
from keel.service.disk import LOCK_NAME, owned_folder
from keel.service.errors import FolderError


class EndedEarlyError(CircleError):
    """Somebody ended the chain before it was ready."""


class Ending:
    """How Ctrl-C and SIGTERM end a chain: at once while it starts, after its slot later on."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._is_starting = True

    @property
    def is_asked_for(self) -> bool:
        """Whether somebody wants the chain to end."""
        return self._asked.is_set()

    def started(self) -> None:
        """From now on whoever runs the slots asks `is_asked_for`."""
        self._is_starting = False

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Hear the signals; raises EndedEarlyError for one that comes before the start is over."""
        before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
        for each in before:
            signal.signal(each, self._take)
        try:
            yield
        except KeyboardInterrupt:
            raise EndedEarlyError("ended before the chain was ready; nothing is left") from None
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        is_first, is_early = not self.is_asked_for, self._is_starting
        self._asked.set()
        if is_first and is_early:
            raise KeyboardInterrupt  # later ones wait for the clean end of what has started


def require_free_ports(ports: Mapping[str, int]) -> None:
    """Raise CircleError for a port, by the option that names it, which is taken or named twice.

    Port 0 takes any free one.
    """
    named: dict[int, str] = {}
    for option, port in ports.items():
        if port == 0:
            continue
        if port in named:
            raise CircleError(f"{named[port]} and {option} are both {port}, two ports expected")
        named[port] = option
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except PermissionError as error:
                raise CircleError(f"{option} {port} needs rights that you do not have") from error
            except OSError as error:
                raise CircleError(
                    f"{option} {port} is in use by another process: end it or give another port"
                ) from error


@contextmanager
def alone(folder: Path, option: str = "--data") -> Iterator[None]:
    """Refuse a second chain of the folder before it takes the first one's keys and journals.

    A new folder goes again if nothing came into it.
    """
    is_new = not folder.exists()
    try:
        with owned_folder(folder):
            try:
                yield
            finally:
                if is_new and [each.name for each in folder.iterdir()] == [LOCK_NAME]:
                    shutil.rmtree(folder)
    except FolderError as error:
        raise CircleError(f"{error}: give this chain another {option}") from error


@contextmanager
def removed_at_end(*paths: Path) -> Iterator[None]:
    """Leave no addresses of a chain that is gone, however it ended."""
    for path in paths:
        path.unlink(missing_ok=True)
    try:
        yield
    finally:
        for path in paths:
            path.unlink(missing_ok=True)
