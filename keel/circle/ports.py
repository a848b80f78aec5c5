"""Ports that stay free between their choice and their use."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

from keel.circle.errors import CircleError

HOST = "127.0.0.1"
_LOWEST = 10_240
_OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST_OUTGOING = 49_152  # of macOS, which has no such file
_BLOCK = 32
_STRIDE = 7_919  # so that processes of neighbouring ids begin far from each other
_TRIES = 1_000


def choose_ports(count: int) -> list[int]:
    """Choose free ports which the kernel gives to no outgoing connection, as port 0 would.

    So a service that was killed finds its port again. No other process that chooses here gets
    them while this one lives. Raises CircleError when there are too few.
    """
    chosen: list[int] = []
    for _ in range(_TRIES):
        if len(chosen) == count:
            return chosen
        port = next(_own, None)
        if port is not None and port not in chosen and _is_free(port):
            chosen.append(port)
    raise CircleError(f"there are no {count} free ports between {_LOWEST} and {_highest()}")


def _own_ports() -> Iterator[int]:
    """Go through blocks of ports, again and again, that no other process goes through.

    A block's mark is a UDP socket on its first number. It is nobody's TCP port, and the kernel
    takes it away with the process.
    """
    marks: dict[int, socket.socket] = {}
    while True:
        blocks = (_highest() - _LOWEST) // _BLOCK
        for number in range(blocks):
            first = _LOWEST + (os.getpid() * _STRIDE + number) % blocks * _BLOCK
            if first not in marks and (mark := _marked(first)) is not None:
                marks[first] = mark
            if first in marks:
                yield from range(first, first + _BLOCK)
        if not marks:
            return


def _marked(port: int) -> socket.socket | None:
    mark = socket.socket(type=socket.SOCK_DGRAM)
    try:
        mark.bind((HOST, port))
    except OSError:
        mark.close()
        return None
    return mark


def _highest() -> int:
    return int(_OUTGOING.read_text().split()[0]) if _OUTGOING.exists() else _LOWEST_OUTGOING


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


_own = _own_ports()
