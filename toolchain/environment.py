"""What every Python of Keel's venv finds in its environment, set as the interpreter starts.

`keel.pth` in the venv imports this, so `.venv/bin/ape` needs no exported variable: Ape finds the
compiler in SOLCX_BINARY_PATH, and Anvil on PATH: the native binary, not npm's slow shim.
"""

import importlib
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOLC_FOLDER = ROOT / ".venv" / "solc"
PROGRAM_FOLDERS = (
    ROOT / ".venv" / "bin",
    # npm installs those of this machine alone.
    *sorted(ROOT.glob("node_modules/@foundry-rs/*/bin")),
)


def set_variables() -> None:
    """Point SOLCX_BINARY_PATH and PATH of this process at the tools that set-up installed."""
    os.environ["SOLCX_BINARY_PATH"] = str(SOLC_FOLDER)
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    ours = [str(folder) for folder in PROGRAM_FOLDERS]
    os.environ["PATH"] = os.pathsep.join(ours + [entry for entry in path if entry not in ours])


set_variables()
# `ape run` takes the repository off the path before a command runs; a loaded package stays usable.
importlib.import_module("keel")
