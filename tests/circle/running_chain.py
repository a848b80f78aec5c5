"""`ape run chain` as people start it, with its screen and its children."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from keel.chain.node_packages import REPOSITORY_ROOT

APE = Path(sys.executable).with_name("ape")


@dataclass
class Chain:
    """The command's process, and what it has printed so far."""

    process: subprocess.Popen[bytes]
    screen: Path

    @property
    def told(self) -> str:
        return " ".join(self.screen.read_text().split())

    def expect(self, pattern: str, seconds: float = 300) -> str:
        """Wait for a text; returns its first group, or all of it."""
        deadline = time.monotonic() + seconds
        while (found := re.search(pattern, self.told)) is None:
            assert self.process.poll() is None, self.told
            assert time.monotonic() < deadline, self.told
            time.sleep(0.1)
        return found[found.lastindex or 0]

    def children(self) -> dict[int, str]:
        """Process ids with their command lines."""
        task = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return {int(pid): command_of(int(pid)) for pid in task.read_text().split()}


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Chain]:
    screen = folder / "screen"
    anywhere = ("--port", "0", "--beacon-port", "0", "--page-port", "0", "--slot-time", "1")
    command = (str(APE), "run", "chain", *anywhere, "--data", str(folder / "beacon"), *options)
    with screen.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, cwd=REPOSITORY_ROOT
        )
    chain = Chain(process, screen)
    try:
        yield chain
    finally:
        process.kill()
        process.wait()


def slowdown() -> float:
    """How many processes want each core now, at least one."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def at_once_seconds() -> float:
    """Two seconds where nothing else runs, and as much again."""
    return 2 * 2 * slowdown()


def command_of(pid: int) -> str:
    """Return the command line of a process, empty once it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""
