"""Put beside a copy of Keel's code what a wheel needs besides: see keel/chain/packed.py."""

import shutil
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import eth_consensus_specs
import orjson
from rich.console import Console

from keel.chain import packed
from keel.chain.node_packages import REPOSITORY_ROOT, node_package
from keel.chain.system_contracts import printed_genesis
from keel.deploy.command import compiled

FORKS = ("phase0", "altair", "bellatrix", "capella", "deneb", "electra", "fulu")
"""Of the specs, those that Keel's beacon chain is made of; each fork imports the one before."""

_SPEC_MODULES = (
    "__init__.py",
    "test/__init__.py",
    "test/helpers/__init__.py",
    "test/helpers/merkle.py",  # of tests by its name, but the forks themselves import it
)
_SOURCES = "contracts/"
_PART_OF_TYPE = ("contractName", "sourceId", "abi", "deploymentBytecode")


def pack(folder: Path) -> None:
    """Add keel/packed and the consensus specs to the copy of the code in `folder`."""
    target = folder / "keel" / "packed"
    target.mkdir()
    compiled(Console())
    (target / packed.CONTRACTS).write_bytes(orjson.dumps({"contractTypes": _contract_types()}))
    (target / packed.SYSTEM_CONTRACTS).write_bytes(printed_genesis())
    shutil.copy(REPOSITORY_ROOT / "docs" / "operations.md", target / packed.OPERATIONS_GUIDE)
    uplot = node_package("uplot")
    shutil.copytree(uplot / "dist", target / packed.UPLOT)
    shutil.copy(uplot / "LICENSE", target / packed.UPLOT)
    _copy_specs(folder / eth_consensus_specs.__name__)


def _contract_types() -> dict[str, Any]:
    manifest = orjson.loads((REPOSITORY_ROOT / ".build" / "__local__.json").read_bytes())
    return {
        name: {part: entry.get(part) for part in _PART_OF_TYPE}
        for name, entry in manifest["contractTypes"].items()
        if str(entry.get("sourceId", "")).startswith(_SOURCES)
    }


def _copy_specs(target: Path) -> None:
    (source,) = map(Path, eth_consensus_specs.__path__)
    for part in (*FORKS, "utils"):
        ignored = shutil.ignore_patterns("__pycache__", "test_*")
        shutil.copytree(source / part, target / part, ignore=ignored)
    for module in _SPEC_MODULES:
        (target / module).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / module, target / module)
    licence = distribution("eth-consensus-specs").read_text("licenses/LICENSE")
    if licence is None:
        raise FileNotFoundError("the licence of eth-consensus-specs")
    (target / "LICENSE").write_text(licence)


if __name__ == "__main__":
    pack(Path(sys.argv[1]))
