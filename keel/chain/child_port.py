"""The port on which a child listens, from the kernel if it shows it."""

import contextlib
import socket
from pathlib import Path

_PROC = Path("/proc")  # Linux; macOS has none
_LISTENING = "0A"  # state column of /proc/net/tcp
_HOST = "127.0.0.1"
_CONNECT_SECONDS = 0.2


def port_to_ask_for(wanted: int) -> int:
    """Return the port that a child is to be given: `wanted`, or 0 where it may choose by itself.

    Without /proc nobody could tell its choice, so a free port is chosen here. Raises OSError for a
    wanted port that somebody holds, which would otherwise be taken for the child's.
    """
    if _PROC.is_dir():
        return wanted
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((_HOST, wanted))
        return int(probe.getsockname()[1])


def listening_port(pid: int, given: int) -> int | None:
    """Return the port on which this very process listens, None while it does not.

    Without /proc it is the given one as soon as it can be reached.
    """
    if _PROC.is_dir():
        return _port_by_kernel(pid)
    with contextlib.suppress(OSError), socket.create_connection((_HOST, given), _CONNECT_SECONDS):
        return given
    return None


def _port_by_kernel(pid: int) -> int | None:
    """Match the open sockets of a process with the kernel's table of listening ones."""
    try:
        descriptors = list((_PROC / str(pid) / "fd").iterdir())
        table = (_PROC / str(pid) / "net" / "tcp").read_text().splitlines()[1:]
    except OSError:
        return None
    inodes = set()
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            inodes.add(str(descriptor.readlink()))
    for _, local, _, state, *rest in map(str.split, table):
        if state == _LISTENING and f"socket:[{rest[5]}]" in inodes:
            return int(local.split(":")[1], 16)
    return None
