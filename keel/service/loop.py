"""Repeat a service's step until it ends: no failure ends it, every failure shows as an alarm."""

import errno
import socket
from collections.abc import Callable

from keel.chain.errors import RpcConnectionError, RpcError, UnknownBlockError
from keel.nodes.errors import NodeError
from keel.service.service import Service

type Step = Callable[[], int | None]
"""Works through the present head and returns its slot, None when it found none."""

NODES, DISK, FAULT = "nodes", "disk", "fault"
_BACKOFF_MOST_SECONDS = 10.0
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO}


def run_loop(step: Step, service: Service, *, once: bool = False) -> None:
    """Call step at every poll, and when asked to look, until the service has to end.

    What nodes, network and disk refuse raises the alarm `nodes` or `disk`, anything else `fault`
    with its traceback in the log; the loop goes on after a growing pause, and these alarms end with
    the next step that succeeds, unless the step raised them itself. With `once` it calls step once
    and lets its error pass.
    """
    if once:
        _finish(service, step(), {})
        return
    failures = 0
    raised: dict[str, str] = {}
    while not service.wishes.has_to_end:
        try:
            head_slot = step()
        except Exception as error:
            _alarm(service, error, raised)
            failures += 1
        else:
            failures = 0
            _finish(service, head_slot, raised)
        service.wishes.pause(pause_seconds(service.poll_seconds, failures))


def pause_seconds(poll_seconds: float, failures: int) -> float:
    """Return how long to wait after this many failures in a row: doubling, at most 10 s."""
    doubled = poll_seconds * float(1 << min(failures, 16))
    return max(poll_seconds, min(doubled, _BACKOFF_MOST_SECONDS))


def alarm_of(error: Exception) -> str:
    """Name the alarm that an error of a step raises."""
    if isinstance(error, NodeError | RpcError | RpcConnectionError | UnknownBlockError):
        return NODES
    if isinstance(error, ConnectionError | TimeoutError | socket.gaierror):
        return NODES
    if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
        return DISK
    return FAULT


def _finish(service: Service, head_slot: int | None, raised: dict[str, str]) -> None:
    standing = service.alarms.texts()
    for name, text in raised.items():
        if standing.get(name) == text:
            service.alarms.clear(name)
    raised.clear()
    if head_slot is not None:
        service.metrics.head_slot.set(head_slot)
        service.health.finished(head_slot)


def _alarm(service: Service, error: Exception, raised: dict[str, str]) -> None:
    name = alarm_of(error)
    text = f"{type(error).__name__}: {error}".partition("\n")[0]
    if service.alarms.texts().get(name) != text:
        service.log.error(
            "step.failed", alarm=name, text=text, exc_info=error if name == FAULT else None
        )
    service.alarms.raise_(name, text)
    raised[name] = text
