"""What `ape run chain --state FOLDER` keeps between two runs.

The folder holds the saved state in a folder of its own, and state.json, which names it and has the
hash of each of its files. state.json is replaced last, so a save that is cut off changes nothing.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from keel.circle.errors import CircleError
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.disk import require_own_contents, save_chain
from keel.deploy.manifest import CHAIN_MANIFEST
from keel.files.atomic_files import write_atomically

FORMAT = 1
"""Counts the changes of what is kept, journals of the processes included."""

HISTORY_BLOCKS = 128
"""Blocks whose balances and storage can be read after a resume.

Reporters read the block of the newest final reference slot: one frame and three epochs back, 56
slots. The rest is for reports that are late.
"""

_INDEX = "state.json"
_OWN = (_INDEX, f".{_INDEX}.new", "saved-*", "lock")


class StateError(CircleError):
    """A folder holds no state that this Keel can go on with, or cannot be written."""


class _Index(BaseModel):
    """`files` are SHA-256 by path; `contracts` is the fingerprint of Keel's creation code."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    contracts: str
    number: int = Field(ge=1)
    slot: int
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class SavedState:
    """A state that was found whole."""

    folder: Path
    slot: int

    @property
    def chain(self) -> Path:
        """Both layers, for `load_chain`."""
        return self.folder / "chain"

    @property
    def circle(self) -> Path:
        """Journals of the processes, and operators' deposit data."""
        return self.folder / "circle"

    @property
    def manifest(self) -> Path:
        """Manifest of Keel on this chain."""
        return self.folder / CHAIN_MANIFEST


class StateFolder:
    """A folder of `--state`; `contracts` is the fingerprint of those that are compiled now."""

    def __init__(self, path: Path, contracts: str) -> None:
        self.path = path
        self._contracts = contracts

    def saved(self) -> SavedState | None:
        """Return what is saved, None for nothing; raises StateError for what does not fit."""
        index = self._index()
        if index is None:
            return None
        if index.contracts != self._contracts:
            raise StateError(
                f"{self.path} holds a chain with contracts {index.contracts}, and those compiled "
                f"now are {self._contracts}: give another --state"
            )
        folder = self._folder(index.number)
        for name, digest in index.files.items():
            if _digest(folder / name) != digest:
                raise StateError(f"{self.path} is damaged: {folder.name}/{name} is not as saved")
        return SavedState(folder, index.slot)

    def save(self, chain: BeaconChain, circle: Path, manifest: Path) -> None:
        """Replace what is saved; raises StateError, and then what was saved before stands."""
        try:
            self._save(chain, circle, manifest)
        except OSError as error:
            raise StateError(f"the chain cannot be saved in {self.path}: {error}") from error

    def _save(self, chain: BeaconChain, circle: Path, manifest: Path) -> None:
        before = self._index()
        number = 1 if before is None else before.number + 1
        new = SavedState(self._folder(number), chain.slot)
        self._keep_only(None if before is None else before.number)
        new.folder.mkdir()
        save_chain(chain, new.chain, history_blocks=HISTORY_BLOCKS)
        shutil.copytree(circle, new.circle, ignore=shutil.ignore_patterns("log", "lock", "page"))
        shutil.copyfile(manifest, new.manifest)
        os.sync()
        index = _Index(
            contracts=self._contracts, number=number, slot=chain.slot, files=dict(_files(new))
        )
        write_atomically(self.path / _INDEX, index.model_dump_json(indent=2).encode())
        self._keep_only(number)

    def _index(self) -> _Index | None:
        path = self.path / _INDEX
        try:
            content = orjson.loads(path.read_bytes())
            found = content.get("format") if isinstance(content, dict) else None
            if found != FORMAT:
                raise StateError(
                    f"{self.path} has a state of format {found}, this Keel has format {FORMAT}: "
                    "give another --state"
                )
            return _Index.model_validate(content)
        except FileNotFoundError:
            return None
        except (OSError, orjson.JSONDecodeError) as error:
            raise StateError(f"{path} cannot be read: {error}") from error
        except ValidationError as error:
            place = ".".join(str(part) for part in error.errors()[0]["loc"])
            raise StateError(f"{path} is damaged at {place}") from error

    def _folder(self, number: int) -> Path:
        return self.path / f"saved-{number}"

    def _keep_only(self, number: int | None) -> None:
        for each in self.path.glob("saved-*"):
            if number is None or each != self._folder(number):
                shutil.rmtree(each)


def require_own_state(folder: Path) -> None:
    """Raise DataFolderError for a folder with files of somebody else."""
    require_own_contents(folder, _OWN, "--state")


def _files(saved: SavedState) -> Iterator[tuple[str, str]]:
    for path in sorted(saved.folder.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(saved.folder)), _digest(path)


def _digest(path: Path) -> str:
    """SHA-256 of a file, empty for one that is not there or cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
