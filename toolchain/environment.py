"""What every Python of Keel's venv finds in its environment, set as the interpreter starts.

`keel.pth` in the venv imports this, so `.venv/bin/ape` needs no exported variable. Ape finds the
Solidity compiler in SOLCX_BINARY_PATH, and on PATH the Vyper compiler, a Python package of the
lock, and Anvil: the native binary, not npm's slow shim. VVM_BINARY_PATH is where Ape's plugin keeps
the compilers that it downloads, which it never must: a folder of ours, not one at home.
"""

import importlib
import os
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOLC_FOLDER = ROOT / ".venv" / "solc"
VYPER_FOLDER = ROOT / ".venv" / "vyper"
PROGRAM_FOLDERS = (
    ROOT / ".venv" / "bin",
    # npm installs those of this machine alone.
    *sorted(ROOT.glob("node_modules/@foundry-rs/*/bin")),
)


def set_variables() -> None:
    """Point the variables of this process at the tools that set-up installed."""
    os.environ["SOLCX_BINARY_PATH"] = str(SOLC_FOLDER)
    os.environ["VVM_BINARY_PATH"] = str(VYPER_FOLDER)
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    ours = [str(folder) for folder in PROGRAM_FOLDERS]
    os.environ["PATH"] = os.pathsep.join(ours + [entry for entry in path if entry not in ours])


set_variables()
# ape-vyper's configuration names a class before it is defined, of which pydantic tells every user.
warnings.filterwarnings("ignore", message="Field 'import_remapping' has an incomplete definition")
# `ape run` takes the repository off the path before a command runs; a loaded package stays usable.
importlib.import_module("keel")
