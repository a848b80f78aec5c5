"""Obey signals in time, whatever the process waits for."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from keel.service.wishes import Wishes

STOP_SECONDS = 1.5
"""How long the work at hand may still take; journals are safe against a kill at any instant."""

LOOK_SIGNAL = signal.SIGURG
"""Asks to look for a new head at once. A process that does not know it yet ignores it."""


@contextmanager
def obeying_signals() -> Iterator[Wishes]:
    """Yield what signals wish: the first SIGTERM or SIGINT, to end; LOOK_SIGNAL, to look.

    After the wish to end the process has STOP_SECONDS. The signal wakes a thread through a socket,
    since a handler in Python runs only between two steps of the main thread, which may be waiting
    in a read or hold a lock. A process that has not ended in time is ended with exit code 0. For
    the main thread only.
    """
    wishes = Wishes()
    woken, waker = socket.socketpair()
    woken.setblocking(True)
    waker.setblocking(False)
    watcher = threading.Thread(target=_watch, args=(woken, wishes), name="signals", daemon=True)
    watcher.start()
    old_waker = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    obeyed = (signal.SIGTERM, signal.SIGINT, LOOK_SIGNAL)
    old = {number: signal.signal(number, _ignore) for number in obeyed}
    try:
        yield wishes
    finally:
        if not wishes.has_to_end:
            for number, handler in old.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(old_waker)
            waker.close()


def _ignore(_number: int, _frame: object) -> None:
    """Take the place of the default, which would end the process at once."""


def _watch(woken: socket.socket, wishes: Wishes) -> None:
    while number := woken.recv(1):
        if number[0] == LOOK_SIGNAL:
            wishes.look()
            continue
        wishes.end()
        time.sleep(STOP_SECONDS)
        os._exit(0)
