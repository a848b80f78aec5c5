"""Ports that stay free between their choice and their use."""

import itertools
import os
import socket
from pathlib import Path

from keel.circle.errors import CircleError

HOST = "127.0.0.1"
_LOWEST = 10_240
_OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST_OUTGOING = 49_152  # of macOS, which has no such file
_STRIDE = 7_919  # so that processes of neighbouring ids begin far from each other
_TRIES = 1_000

_taken = itertools.count()


def choose_ports(count: int) -> list[int]:
    """Choose free ports which the kernel gives to no outgoing connection, as port 0 would.

    So a service that was killed finds its port again. Every process goes through them in order
    from a place of its own: chosen by chance, a port was now and then another process's choice
    too, before either was used. Raises CircleError when there are too few.
    """
    highest = int(_OUTGOING.read_text().split()[0]) if _OUTGOING.exists() else _LOWEST_OUTGOING
    start = os.getpid() * _STRIDE
    chosen: list[int] = []
    for _ in range(_TRIES):
        if len(chosen) == count:
            return chosen
        port = _LOWEST + (start + next(_taken)) % (highest - _LOWEST)
        if port not in chosen and _is_free(port):
            chosen.append(port)
    raise CircleError(f"there are no {count} free ports between {_LOWEST} and {highest}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
