"""Work that other threads ask of the one which lets slots pass."""

import contextlib
import queue
import socket
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from keel.chain.closeable import Closing
from keel.consensus.beacon.errors import BeaconError

type _Errand = tuple[Callable[[], Any], Future[Any]]


class Errands(Closing):
    """Asked from any thread, performed by one; that one waits until `fileno` can be read."""

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[_Errand] = queue.SimpleQueue()
        self._bell, self._rope = socket.socketpair()
        self._bell.setblocking(False)
        self._rope.setblocking(False)
        self._is_closed = False

    def fileno(self) -> int:
        """File that can be read when something waits."""
        return self._bell.fileno()

    def ask(self, work: Callable[[], Any]) -> Any:
        """Wait until the work was done and return or raise what it did; BeaconError at the end."""
        future: Future[Any] = Future()
        self._asked.put((work, future))
        if self._is_closed:
            self._refuse_all()
        with contextlib.suppress(OSError):  # a full or closed one has rung already
            self._rope.send(b".")
        return future.result()

    def perform(self) -> None:
        """Do all that waits, in the order in which it was asked."""
        with contextlib.suppress(BlockingIOError):
            self._bell.recv(4096)
        while True:
            try:
                work, future = self._asked.get_nowait()
            except queue.Empty:
                return
            try:
                future.set_result(work())
            except Exception as error:
                future.set_exception(error)

    def close(self) -> None:
        """Refuse what waits and what is asked from now on."""
        self._is_closed = True
        self._refuse_all()
        self._bell.close()
        self._rope.close()

    def _refuse_all(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                _, future = self._asked.get_nowait()
                future.set_exception(BeaconError("the chain has ended"))
