"""The Solidity sources under tests/contracts, compiled apart from Keel's own.

They have their own manifest, so that neither `ape compile` nor a deployment ever sees them.
"""

from functools import cache
from pathlib import Path

from ape.contracts import ContractContainer
from ape.managers.project import LocalProject

ROOT = Path(__file__).resolve().parent.parent


@cache
def load_test_contracts() -> dict[str, ContractContainer]:
    """Return the test contracts by name; compiles what has changed since the last time."""
    project = LocalProject(
        ROOT,
        manifest_path=ROOT / ".build" / "tests.json",
        config_override={"contracts_folder": "tests/contracts"},
    )
    return project.load_contracts()
