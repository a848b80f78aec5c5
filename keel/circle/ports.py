"""Ports that stay free between their choice and their use."""

import random
import socket
from pathlib import Path

from keel.circle.errors import CircleError

HOST = "127.0.0.1"
_LOWEST = 10_240
_OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
_TRIES = 1_000


def choose_ports(count: int) -> list[int]:
    """Choose free ports which the kernel gives to no outgoing connection, as port 0 would.

    So a service that was killed finds its port again. Raises CircleError when there are too few.
    """
    highest = int(_OUTGOING.read_text().split()[0])
    chosen: list[int] = []
    for _ in range(_TRIES):
        if len(chosen) == count:
            return chosen
        port = random.randrange(_LOWEST, highest)  # noqa: S311 (nothing secret)
        if port not in chosen and _is_free(port):
            chosen.append(port)
    raise CircleError(f"{count} free ports between {_LOWEST} and {highest} were not found")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
