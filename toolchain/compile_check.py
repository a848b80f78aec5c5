"""Compile every contract as Ape does and fail on what Ape hides: warnings, and code too large.

Ape never shows a compiler warning. This hands the compiler the standard JSON that Ape itself
builds, for contracts/ and tests/contracts, and reads all of its answer; Vyper is compiled besides.
What passed once is not compiled again until a file changes from which the answer follows.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import ape
import click
from ape.managers.project import LocalProject

from keel.deploy.build_folder import Stamp
from toolchain.environment import ROOT, SOLC_FOLDER
from toolchain.vyper_check import vyper_findings

RUNTIME_BYTES_MOST = 24_000
"""Bound of a contract's code: below EIP-170's 24,576 by what a fix may need."""

_PASSED = ROOT / ".cache" / "compile-check"


def findings(root: Path, folder: str, runtime_bytes_most: int | None = None) -> list[str]:
    """Compile `root/folder` with the settings of root's ape-config.yaml and return what is wrong.

    `runtime_bytes_most` bounds the runtime code of each contract of the folder, in bytes.
    """
    found: list[str] = []
    for version, standard_json in _standard_jsons(root, folder).items():
        answer = _compile(version, _with_sizes_only(standard_json, folder))
        found += _messages(answer.get("errors", []), standard_json["sources"])
        if runtime_bytes_most is not None:
            found += _too_large(answer.get("contracts", {}), runtime_bytes_most)
    return found


def passed_stamp(root: Path, file: Path) -> Stamp:
    """Return the stamp of all that the compiler's answer about root's contracts follows from."""
    patterns = (
        "contracts/**/*.sol",
        "contracts/**/*.vy",
        "tests/contracts/**/*.sol",
        "toolchain/*.*",
    )
    sources = [source for pattern in patterns for source in sorted(root.glob(pattern))]
    sources += [root / "ape-config.yaml", root / "package-lock.json"]
    names = [str(source.relative_to(root)) for source in sources]
    # The compiler is named by a script, which differs where somebody has a native one.
    return Stamp(file, [*sources, *sorted(SOLC_FOLDER.glob("solc-v*"))], names)


def _standard_jsons(root: Path, folder: str) -> dict[str, dict[str, Any]]:
    """What Ape would hand to each version of the compiler, by the version."""
    with tempfile.TemporaryDirectory() as scratch:
        project = LocalProject(
            root,
            manifest_path=Path(scratch) / "manifest.json",
            config_override={"contracts_folder": folder},
        )
        paths = [path for path in project.sources.paths if path.suffix == ".sol"]
        if not paths:
            return {}
        compiler: Any = ape.compilers.get_compiler("solidity")
        by_version = compiler.get_standard_input_json(paths, project=project)
        return {version.base_version: inputs for version, inputs in by_version.items()}


def _messages(errors: list[dict[str, Any]], sources: Collection[str]) -> Iterator[str]:
    """Every message of the compiler, except warnings about the locked libraries' own code."""
    for error in errors:
        file = error.get("sourceLocation", {}).get("file")
        if error["severity"] == "error" or file is None or file in sources:
            yield error["formattedMessage"]


def _with_sizes_only(standard_json: dict[str, Any], folder: str) -> dict[str, Any]:
    """Ask for the runtime code of the folder's own contracts alone, which halves the compile."""
    wanted = {"*": ["evm.deployedBytecode.object"]}
    selection = {
        source: wanted for source in standard_json["sources"] if source.startswith(f"{folder}/")
    }
    settings = {**standard_json["settings"], "outputSelection": selection}
    return {**standard_json, "settings": settings}


def _compile(version: str, standard_json: dict[str, Any]) -> dict[str, Any]:
    compiler = ROOT / ".venv" / "solc" / f"solc-v{version}"
    done = subprocess.run(
        [str(compiler), "--standard-json"],
        input=json.dumps(standard_json),
        capture_output=True,
        text=True,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _too_large(contracts: dict[str, Any], bytes_most: int) -> Iterator[str]:
    for source, of_source in contracts.items():
        for name, output in of_source.items():
            size_bytes = len(output["evm"]["deployedBytecode"]["object"]) // 2
            if size_bytes > bytes_most:
                yield f"{source}: {name} has {size_bytes:,} bytes of code, above {bytes_most:,}"


@click.command()
def main() -> None:
    """Compile contracts/ and tests/contracts; fail on any warning and on oversized code."""
    stamp = passed_stamp(ROOT, _PASSED)
    if stamp.is_current():
        click.echo("The compiler had nothing to say, and nothing has changed since.")
        return
    found = findings(ROOT, "contracts", RUNTIME_BYTES_MOST) + findings(ROOT, "tests/contracts")
    found += vyper_findings(ROOT, "contracts", RUNTIME_BYTES_MOST)
    for finding in found:
        click.echo(finding.rstrip() + "\n", err=True)
    if found:
        click.echo(f"{len(found)} findings of the compiler", err=True)
        sys.exit(1)
    _PASSED.parent.mkdir(exist_ok=True)
    stamp.write()
    click.echo("The compiler has nothing to say.")


if __name__ == "__main__":
    main()
