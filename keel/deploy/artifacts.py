"""Compiled contracts as plain data: of Ape's compile in .build/, or those that a wheel carries."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
from eth_utils.crypto import keccak

from keel.chain.abi import Abi, AbiEntry
from keel.chain.node_packages import REPOSITORY_ROOT
from keel.chain.packed import CONTRACTS, packed
from keel.deploy.errors import ArtifactMissingError

_MANIFEST = packed(CONTRACTS) or REPOSITORY_ROOT / ".build" / "__local__.json"
_SOURCES = "contracts/"
_COMPILE = f"run `ape compile` in {REPOSITORY_ROOT}"


@dataclass(frozen=True)
class Artifact:
    """One compiled contract; `source` is its path in the repository."""

    name: str
    source: str
    abi_entries: tuple[AbiEntry, ...]
    creation_code: bytes

    @cached_property
    def abi(self) -> Abi:
        """The parsed ABI."""
        return Abi(self.abi_entries)


type Artifacts = Mapping[str, Artifact]


def load_artifacts(manifest: Path = _MANIFEST) -> Artifacts:
    """Read all contracts under contracts/ that have code; `ape compile` must have run.

    Raises ArtifactMissingError.
    """
    if not manifest.is_file():
        raise ArtifactMissingError(f"nothing is compiled yet: {_COMPILE}")
    types: dict[str, Any] = orjson.loads(manifest.read_bytes()).get("contractTypes") or {}
    return {
        name: artifact
        for name, entry in types.items()
        if (artifact := _artifact(name, entry, _declared_errors(name, entry, types))) is not None
    }


def artifact_named(artifacts: Artifacts, name: str) -> Artifact:
    """Find one contract; raises ArtifactMissingError."""
    try:
        return artifacts[name]
    except KeyError:
        raise ArtifactMissingError(f"{name} is not compiled: {_COMPILE}") from None


def fingerprint(artifacts: Artifacts) -> str:
    """Eight hex digits that change with the creation code of any contract."""
    codes = (name.encode() + keccak(artifacts[name].creation_code) for name in sorted(artifacts))
    return bytes(keccak(b"".join(codes))).hex()[:8]


def _artifact(
    name: str, entry: Mapping[str, Any], declared_errors: tuple[AbiEntry, ...]
) -> Artifact | None:
    source = str(entry.get("sourceId", ""))
    code = (entry.get("deploymentBytecode") or {}).get("bytecode", "0x")
    if not source.startswith(_SOURCES) or len(code) <= len("0x"):
        return None
    entries = (*entry["abi"], *declared_errors)
    return Artifact(name, source, entries, bytes.fromhex(code.removeprefix("0x")))


def _declared_errors(
    name: str, entry: Mapping[str, Any], types: Mapping[str, Any]
) -> tuple[AbiEntry, ...]:
    """Errors of a contract in Vyper, which declares none itself: its interface I<name> does."""
    if not str(entry.get("sourceId", "")).endswith(".vy"):
        return ()
    declared = types.get(f"I{name}", {}).get("abi", ())
    return tuple(each for each in declared if each["type"] == "error")
