"""Where npm packages and programs are, and one clear line when they are missing."""

import os
import shutil
from pathlib import Path

from keel.chain.errors import ToolMissingError

ANVIL_VARIABLE = "KEEL_ANVIL"
REPOSITORY_ROOT = Path(__file__).resolve().parents[2]


def node_package(name: str) -> Path:
    """Find the installed npm package `name`; raises ToolMissingError when there is none."""
    folder = REPOSITORY_ROOT / "node_modules" / name
    if not folder.is_dir():
        raise ToolMissingError(
            f"npm package {name} is not installed: run `npm ci` in {REPOSITORY_ROOT}"
        )
    return folder


def anvil_binary() -> Path:
    """Find Anvil: what KEEL_ANVIL names, else the one on the path, where set-up puts it.

    Raises ToolMissingError.
    """
    named = os.environ.get(ANVIL_VARIABLE)
    found = shutil.which(named or "anvil")
    if found is not None:
        return Path(found)
    if named is not None:
        raise ToolMissingError(f"{ANVIL_VARIABLE} is {named!r}, which is not a program")
    raise ToolMissingError(
        "anvil is not on the path: run `make setup` in Keel's repository, or install Foundry "
        f"(npm has it as @foundry-rs/anvil) and put it on the path or in {ANVIL_VARIABLE}"
    )


def node_binary() -> str:
    """Find the node program; raises ToolMissingError when it is not on the path."""
    found = shutil.which("node")
    if found is None:
        raise ToolMissingError("node is not on the path: install Node.js 20 or later")
    return found
