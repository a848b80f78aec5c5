"""What a wheel contains in addition to the code, since it has no repository.

toolchain/build_backend.py packs it: compiled contracts, Ethereum's system contracts, the page's
chart and its guide.
"""

from pathlib import Path

from keel.chain.node_packages import REPOSITORY_ROOT

CONTRACTS = "contracts.json"
SYSTEM_CONTRACTS = "system_contracts.json"
UPLOT = "uplot"
OPERATIONS_GUIDE = "operations.md"

_FOLDER = Path(__file__).resolve().parents[1] / "packed"


def packed(name: str) -> Path | None:
    """Return the packed file or folder, None in the repository."""
    return _FOLDER / name if _FOLDER.is_dir() else None


def working_root() -> Path:
    """Where manifests are kept: the repository, or the folder in which an installed Keel is run."""
    return Path.cwd() if _FOLDER.is_dir() else REPOSITORY_ROOT
