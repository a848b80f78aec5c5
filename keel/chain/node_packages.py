"""Where the pinned npm packages of this checkout lie, and one clear line when they do not."""

import shutil
from pathlib import Path

from keel.chain.errors import ToolMissingError

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
    """Find the native Anvil; the wrapper in node_modules/.bin starts a node process first."""
    binary = node_package("@foundry-rs/anvil-linux-amd64") / "bin" / "anvil"
    if not binary.is_file():
        raise ToolMissingError(f"{binary} is missing: run `npm ci` in {REPOSITORY_ROOT}")
    return binary


def node_binary() -> str:
    """Find the node program; raises ToolMissingError when it is not on the path."""
    found = shutil.which("node")
    if found is None:
        raise ToolMissingError("node is not on the path: install Node.js 20 or later")
    return found
