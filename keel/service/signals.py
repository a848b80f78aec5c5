"""End on SIGTERM and SIGINT in time, whatever the process waits for."""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

STOP_SECONDS = 1.5
"""How long the work at hand may still take; journals are safe against a kill at any instant."""


@contextmanager
def stop_event() -> Iterator[threading.Event]:
    """Yield what the first SIGTERM or SIGINT sets; after it the process has STOP_SECONDS.

    The signal wakes a thread through a socket, since a handler in Python runs only between two
    steps of the main thread, which may be waiting in a read or hold a lock. A process that has not
    ended in time is ended with exit code 0. For the main thread only.
    """
    stop = threading.Event()
    woken, waker = socket.socketpair()
    woken.setblocking(True)
    waker.setblocking(False)
    watcher = threading.Thread(target=_watch, args=(woken, stop), name="signals", daemon=True)
    watcher.start()
    old_waker = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    old = {number: signal.signal(number, _ignore) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        if not stop.is_set():
            for number, handler in old.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(old_waker)
            waker.close()


def _ignore(_number: int, _frame: object) -> None:
    """Take the place of the default, which would end the process at once."""


def _watch(woken: socket.socket, stop: threading.Event) -> None:
    if woken.recv(1):
        stop.set()
        time.sleep(STOP_SECONDS)
        os._exit(0)
