"""The wheel alone, without the repository: metadata, what it carries, and a foreign project."""

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from email import message_from_bytes
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import orjson
import pytest

from keel.chain.node_packages import REPOSITORY_ROOT, anvil_binary
from keel.deploy.artifacts import Artifacts

EXAMPLE = REPOSITORY_ROOT / "examples" / "lending"
CHECK = """
import keel, sys
from keel.chain.system_contracts import genesis_contracts
from keel.deploy.artifacts import load_artifacts
print(keel.__file__)
print(len(genesis_contracts()), len(load_artifacts()["StakingVault"].creation_code))
"""


def run(*command: str | Path, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        # Options of our own run are none of theirs.
        env={**os.environ, "PYTEST_ADDOPTS": "", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(artifacts: Artifacts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    done = run(*pip, "--wheel-dir", folder, REPOSITORY_ROOT, folder=folder)
    assert done.returncode == 0, done.stderr[-2000:]
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with the wheel and the locked dependencies, which never sees the repository.

    A folder in a .pth is searched for packages, but its own .pth files are not read: so Keel's code
    is the wheel's.
    """
    folder = tmp_path_factory.mktemp("env")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    uv = Path(sys.executable).with_name("uv")
    installed = run(
        uv, "pip", "install", "--python", python, "--no-deps", "--no-index", wheel, folder=folder
    )
    assert installed.returncode == 0, installed.stderr
    (site_packages,) = folder.glob("lib/python3.*/site-packages")
    (site_packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return python


def requirements(wheel: Path) -> list[str]:
    with ZipFile(wheel) as content:
        (name,) = [each for each in content.namelist() if each.endswith("/METADATA")]
        metadata = message_from_bytes(content.read(name))
    return metadata.get_all("Requires-Dist", [])


def imported_modules() -> set[str]:
    """First names of all modules that keel imports, wherever in a file."""
    found: set[str] = set()
    for file in (REPOSITORY_ROOT / "keel").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                found |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found


def test_its_metadata_asks_for_what_runs_and_nothing_that_cannot_be_had_together(
    wheel: Path,
) -> None:
    needed = {re.split("[<>=]", each)[0] for each in requirements(wheel)}
    assert {"eth-ape", "ape-foundry", "eth-utils", "pytest", "click"} <= needed
    # Its eth-utils 6 excludes Ape: the wheel carries the specs. The rest is for Keel's own suite.
    assert not {"eth-consensus-specs", "playwright", "mypy", "ruff", "hypothesis"} & needed


def test_whatever_keel_imports_is_asked_for(wheel: Path) -> None:
    asked = {re.split(r"[<>=\[]", each)[0] for each in requirements(wheel)}
    packages = packages_distributions()
    brought = {"keel", "eth_consensus_specs", *sys.stdlib_module_names}
    for module in imported_modules() - brought:
        names = {name.lower().replace("_", "-") for name in packages[module]}
        assert names & asked, f"keel imports {module}, and no requirement brings {names}"


def test_it_carries_the_abis_of_all_contracts(wheel: Path, artifacts: Artifacts) -> None:
    with ZipFile(wheel) as content:
        types = orjson.loads(content.read("keel/packed/contracts.json"))["contractTypes"]
        assert "keel/packed/uplot/LICENSE" in content.namelist()
    assert set(artifacts) <= set(types)
    assert types["IWrappedKeelEther"]["abi"]


def test_it_is_a_library_without_the_repository(python: Path, tmp_path: Path) -> None:
    done = run(python, "-c", CHECK, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    place, figures = done.stdout.splitlines()
    assert Path(place).is_relative_to(python.parents[1])
    systems, code_bytes = map(int, figures.split())
    assert systems == 5
    assert code_bytes > 10_000


def test_it_has_the_keel_command(python: Path, tmp_path: Path) -> None:
    done = run(python.with_name("keel"), "stake", "--help", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "keel stake 32" in done.stdout


def test_a_foreign_project_tests_its_contract_against_a_whole_keel(
    python: Path, tmp_path: Path
) -> None:
    project = tmp_path / "lending"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    path = f"{anvil_binary().parent}{os.pathsep}{os.defpath}"
    arguments = ("-m", "pytest", "tests", "-q", "-p", "no:cacheprovider")
    done = run(python, *arguments, folder=project, PATH=path)
    assert re.search(r"^4 passed", done.stdout, re.MULTILINE), done.stdout[-3000:]
    assert done.returncode == 0
