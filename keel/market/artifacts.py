"""Compiled contracts of the market's packages, with the addresses of their libraries filled in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import orjson

from keel.chain.abi import AbiEntry
from keel.chain.node_packages import REPOSITORY_ROOT
from keel.deploy.artifacts import Artifact
from keel.market.errors import MarketError, PackageMissingError

MARKET_FOLDER = REPOSITORY_ROOT / "toolchain" / "market"
"""Where the market's packages are locked and installed."""

_ADDRESS_DIGITS = 40


def package_folder(package: str) -> Path:
    """Find an installed package of the market; raises PackageMissingError."""
    folder = MARKET_FOLDER / "node_modules" / package
    if not folder.is_dir():
        raise PackageMissingError(
            f"the market's package {package} is not installed: run `make market-setup` in Keel's "
            "repository"
        )
    return folder


@dataclass(frozen=True, slots=True)
class PackageArtifact:
    """One compiled contract of a package.

    `references` has, for each library that the code calls, where its address belongs, in hex digits
    from the beginning of `code_digits`.
    """

    name: str
    source: str
    abi_entries: tuple[AbiEntry, ...]
    code_digits: str
    references: Mapping[str, tuple[int, ...]]

    @classmethod
    def parse(cls, source: str, name: str, compiled: Mapping[str, Any]) -> Self:
        """Read what Hardhat writes, or a contract of solc's own output."""
        code = compiled.get("evm", compiled)["bytecode"]
        links = compiled.get("linkReferences", {}) if isinstance(code, str) else {}
        if not isinstance(code, str):
            code, links = code["object"], code.get("linkReferences", {})
        references = {
            library: tuple(2 * int(place["start"]) for place in places)
            for libraries in links.values()
            for library, places in libraries.items()
        }
        digits = code.removeprefix("0x")
        return cls(name, source, tuple(compiled["abi"]), digits, references)

    def linked(self, libraries: Mapping[str, str] | None = None) -> Artifact:
        """Fill in addresses by the library's name; raises MarketError for one that is missing."""
        known = libraries or {}
        missing = sorted(self.references.keys() - known.keys())
        if missing:
            raise MarketError(f"{self.name} calls {', '.join(missing)}, which must come first")
        digits = self.code_digits
        for library, places in self.references.items():
            address = known[library].removeprefix("0x").lower()
            for at in places:
                digits = digits[:at] + address + digits[at + _ADDRESS_DIGITS :]
        return Artifact(self.name, self.source, self.abi_entries, bytes.fromhex(digits))


@dataclass(frozen=True, slots=True)
class ArtifactFolder:
    """Where a package has its artifacts, laid out as Hardhat does."""

    package: str
    folder: str

    def read(self, path: str) -> PackageArtifact:
        """Read a contract by its path, as in `protocol/pool/Pool.sol:Pool`.

        Without `:NAME` it is the contract of the file's name. Raises PackageMissingError.
        """
        source, _, name = path.partition(":")
        name = name or Path(source).stem
        file = package_folder(self.package) / self.folder / source / f"{name}.json"
        if not file.is_file():
            raise PackageMissingError(f"{self.package} has no artifact {path}")
        return PackageArtifact.parse(source, name, orjson.loads(file.read_bytes()))

    def contracts(self, under: str = "") -> Iterator[str]:
        """Paths of all contracts in a folder, as `read` takes them; raises PackageMissingError."""
        root = package_folder(self.package) / self.folder
        for file in sorted((root / under).rglob("*.json")):
            if not file.name.endswith(".dbg.json"):
                yield f"{file.parent.relative_to(root)}:{file.stem}"
