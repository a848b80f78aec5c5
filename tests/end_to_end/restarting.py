"""Processes that begin, or begin again, together."""

from collections.abc import Sequence

from keel.circle.process import Process


def start_all(processes: Sequence[Process]) -> None:
    """Start these and wait until each answers."""
    for process in processes:
        process.start()
    for process in processes:
        process.await_ready()


def cut_power(processes: Sequence[Process]) -> None:
    """SIGKILL all of them, then start them again from what their disks hold."""
    for process in processes:
        process.kill()
    start_all(processes)
