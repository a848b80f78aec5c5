"""Compile Vyper as Ape does and return what Ape hides: warnings, and code too large."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from ape.managers.project import LocalProject


def vyper_findings(root: Path, folder: str, runtime_bytes_most: int) -> Iterator[str]:
    """Yield what is wrong with each Vyper source of `root/folder`, a module or a contract.

    `runtime_bytes_most` bounds the runtime code of each, in bytes.
    """
    evm_version = str(LocalProject(root).config.vyper.evm_version)
    for source in sorted((root / folder).rglob("*.vy")):
        name = str(source.relative_to(root))
        done = _compile(root, name, evm_version)
        if done.returncode != 0:
            yield f"{name}: {done.stderr}"
            continue
        size_bytes = len(done.stdout.strip().removeprefix("0x")) // 2
        if size_bytes > runtime_bytes_most:
            yield f"{name} has {size_bytes:,} bytes of code, above {runtime_bytes_most:,}"


def _compile(root: Path, name: str, evm_version: str) -> subprocess.CompletedProcess[str]:
    """Ask for the runtime code; a warning is an error."""
    compiler = str(Path(sys.executable).with_name("vyper"))
    options = ["-W", "error", "-f", "bytecode_runtime", "--evm-version", evm_version]
    return subprocess.run(
        [compiler, *options, name], cwd=root, capture_output=True, text=True, check=False
    )
