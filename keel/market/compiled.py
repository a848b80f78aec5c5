"""What packages bring as sources only, compiled by the compiler that they name, once.

Each contract is compiled by itself, so several are at once, and only what is deployed. The result
is kept by the hash of everything it is made of: another version of a package is another file.
"""

import os
import posixpath
import re
import subprocess
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from keel.chain.node_packages import REPOSITORY_ROOT, node_binary
from keel.files.atomic_files import write_atomically
from keel.market.artifacts import MARKET_FOLDER, PackageArtifact, package_folder
from keel.market.errors import CompileError, PackageMissingError

CACHE = REPOSITORY_ROOT / ".cache" / "market"

_COMPILER = MARKET_FOLDER / "compile.cjs"
_IMPORT = re.compile(r'^\s*import\s+(?:[^"\';]*?from\s+)?["\']([^"\']+)["\']', re.MULTILINE)
_OUTPUT = ["abi", "evm.bytecode.object", "evm.bytecode.linkReferences"]


@dataclass(frozen=True, slots=True)
class Source:
    """A contract of a package and how it is compiled; `path` is as in `src/Morpho.sol:Morpho`.

    An import that is not relative is read from the market's packages.
    """

    package: str
    path: str
    solc: str
    evm_version: str
    via_ir: bool = False
    runs: int = 200

    @property
    def file(self) -> str:
        """Path of its file in the package."""
        return self.path.partition(":")[0]

    @property
    def name(self) -> str:
        """Name of the contract, by default that of its file."""
        return self.path.partition(":")[2] or Path(self.file).stem

    def standard_json(self) -> bytes:
        """All that the compiler is told; raises PackageMissingError."""
        settings: dict[str, Any] = {
            "optimizer": {"enabled": True, "runs": self.runs},
            "viaIR": self.via_ir,
            "evmVersion": self.evm_version,
            "metadata": {"bytecodeHash": "none"},
            "outputSelection": {self.file: {self.name: _OUTPUT}},
        }
        sources = {name: {"content": text} for name, text in sorted(self._closure().items())}
        told = {"language": "Solidity", "sources": sources, "settings": settings}
        return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)

    def _closure(self) -> Mapping[str, str]:
        """The file and whatever it imports, by the compiler's name."""
        texts: dict[str, str] = {}
        wanted = [self.file]
        while wanted:
            name = wanted.pop()
            if name in texts:
                continue
            texts[name] = self._read(name)
            for imported in _IMPORT.findall(texts[name]):
                is_relative = imported.startswith(".")
                beside = posixpath.join(posixpath.dirname(name), imported)
                wanted.append(posixpath.normpath(beside) if is_relative else imported)
        return texts

    def _read(self, name: str) -> str:
        own = package_folder(self.package) / name
        file = own if own.is_file() else MARKET_FOLDER / "node_modules" / name
        if not file.is_file():
            raise PackageMissingError(f"{self.package} imports {name}, which is in no package")
        return file.read_text()


def compile_missing(sources: Iterable[Source], console: Console) -> None:
    """Compile what is not kept yet, as many at once as there are processors, with progress.

    Raises CompileError with the compiler's first error, and PackageMissingError.
    """
    wanted = {source: source.standard_json() for source in sources}
    missing = {source: told for source, told in wanted.items() if not _kept(source, told).exists()}
    if not missing:
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with (
        Progress(*columns, console=console) as progress,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        names = ", ".join(source.name for source in missing)
        task = progress.add_task(f"Compiling {names}", total=len(missing))
        for done in as_completed([pool.submit(_compile, *each) for each in missing.items()]):
            done.result()
            progress.advance(task)


def read_compiled(source: Source) -> PackageArtifact:
    """Read what `compile_missing` has kept; raises CompileError if it never ran."""
    kept = _kept(source, source.standard_json())
    if not kept.is_file():
        raise CompileError(f"{source.name} of {source.package} is not compiled yet")
    return PackageArtifact.parse(source.file, source.name, orjson.loads(kept.read_bytes()))


def _kept(source: Source, told: bytes) -> Path:
    digest = sha256(source.solc.encode() + b"\0" + told).hexdigest()
    return CACHE / f"{source.name}-{digest[:32]}.json"


def _compile(source: Source, told: bytes) -> None:
    package_folder(f"solc-{source.solc}")
    command = [node_binary(), str(_COMPILER), source.solc]
    done = subprocess.run(command, input=told, capture_output=True, check=False)
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise CompileError(f"solc {source.solc} failed on {source.path}: {last}")
    answer = orjson.loads(done.stdout)
    errors = [each for each in answer.get("errors", ()) if each["severity"] == "error"]
    if errors:
        raise CompileError(f"{source.path} of {source.package}: {errors[0]['message']}")
    kept = _kept(source, told)
    kept.parent.mkdir(parents=True, exist_ok=True)
    content = orjson.dumps(answer["contracts"][source.file][source.name])
    write_atomically(kept, content, is_public=True)
