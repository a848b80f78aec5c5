"""Children that cannot outlive this process."""

import ctypes
import signal
import sys
import threading
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def dies_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """Return a `preexec_fn` that has the kernel send the child a signal when we end, however we do.

    The signal follows the thread that forked, so in any but the main thread it is None, and only
    `atexit` ends the child; so it is on macOS, whose kernel knows no such signal.
    """
    if sys.platform != "linux" or threading.current_thread() is not threading.main_thread():
        return None
    libc = ctypes.CDLL(None)

    def ask_kernel() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, number)

    return ask_kernel
