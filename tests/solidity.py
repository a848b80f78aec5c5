"""The Solidity sources under tests/contracts, compiled apart from Keel's own.

They have their own manifest, so that neither `ape compile` nor a deployment ever sees them. They
import Keel's contracts by the name `keel/`, for example "keel/interfaces/IStakingVault.sol".
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from ape.contracts import ContractContainer
from ape.managers.project import LocalProject

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / ".build" / "tests.json"


@cache
def load_test_contracts() -> dict[str, ContractContainer]:
    """Return the test contracts by name; compiles what has changed since the last time."""
    project = LocalProject(
        ROOT,
        manifest_path=MANIFEST,
        config_override={"contracts_folder": "tests/contracts"},
    )
    return project.load_contracts(use_cache=not _is_stale())


@contextmanager
def compiling_test_contracts() -> Iterator[None]:
    """Compile them in a process of its own, where they must be, while the block compiles others.

    The compiler uses one core. What does not compile is told by `load_test_contracts` afterwards.
    """
    if MANIFEST.exists() and not _is_stale():
        yield
        return
    command = [sys.executable, "-m", "tests.solidity"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=ROOT, stdout=quiet, stderr=quiet):
        yield


def _is_stale() -> bool:
    """Whether a contract of Keel, which test contracts may import, has changed since."""
    changed_at = [source.stat().st_mtime for source in ROOT.glob("contracts/**/*.sol")]
    return MANIFEST.exists() and MANIFEST.stat().st_mtime < max(changed_at, default=0)


if __name__ == "__main__":
    load_test_contracts()
