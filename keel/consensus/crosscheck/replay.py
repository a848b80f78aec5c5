"""Lodestar replays a recorded story, in a process of its own."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import orjson

from keel.chain.errors import ToolMissingError
from keel.chain.node_packages import REPOSITORY_ROOT, node_binary
from keel.consensus.crosscheck.errors import ReplayFailedError
from keel.consensus.crosscheck.findings import Findings, Head

SCRIPT = REPOSITORY_ROOT / "toolchain" / "lodestar" / "replay.js"

type OnBlock = Callable[[int], None]
"""Told the slot of each accepted block, for a progress bar."""


def replay(folder: Path, on_block: OnBlock | None = None) -> Findings:
    """Have every block verified and return what was found.

    A refused block is a finding; raises ReplayFailedError if Lodestar could not do its work, and
    ToolMissingError where it is not installed.
    """
    if not (SCRIPT.parent / "node_modules").is_dir():
        raise ToolMissingError("Lodestar's packages are not installed: run `make setup`")
    command = [node_binary(), str(SCRIPT), str(folder.resolve())]
    findings = Findings()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            _take_line(findings, line, on_block)
    if findings.refusal is None and findings.head is None:
        raise ReplayFailedError(
            f"Lodestar ended with code {process.returncode} after {findings.blocks} blocks"
        )
    return findings


def _take_line(findings: Findings, line: str, on_block: OnBlock | None) -> None:
    said = orjson.loads(line)
    if "head" in said:
        findings.head = Head(**said["head"])
    elif "refused" in said:
        findings.refusal = f"the block of slot {said['slot']} is refused: {said['refused']}"
    else:
        findings.add_block(said["counts"])
        if on_block is not None:
            on_block(said["slot"])
