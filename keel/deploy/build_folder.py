"""The folder of Ape's compile, which is used only while it is of the present sources.

Set-up runs this without any installed package.
"""

import hashlib
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path


class Stamp:
    """The hash of everything a part was made from, kept next to the part."""

    def __init__(self, file: Path, sources: Iterable[Path], settings: Sequence[str] = ()) -> None:
        digest = hashlib.sha256("\0".join(settings).encode())
        for source in sources:
            digest.update(source.read_bytes())
        self._file, self._value = file, digest.hexdigest()

    def is_current(self) -> bool:
        """Whether the part was made from exactly these sources and settings."""
        return self._file.exists() and self._file.read_text() == self._value

    def write(self) -> None:
        """Record that the part is made; called last, so an interrupted part is made again."""
        self._file.write_text(self._value)


def discard_stale_build(root: Path) -> None:
    """Remove .build unless it was compiled with these settings from these contracts.

    Ape's cache misses a change of the compiler's settings, and of some imported files.
    """
    build, tools = root / ".build", root / "toolchain"
    sources = [root / "package-lock.json", root / "ape-config.yaml"]
    sources += [
        tools / "solc.cjs",
        tools / "link.cjs",
        *sorted(p for p in (root / "contracts").rglob("*") if p.suffix in {".sol", ".vy"}),
    ]
    stamp = Stamp(build / "keel-stamp", sources)
    if stamp.is_current():
        return
    shutil.rmtree(build, ignore_errors=True)
    build.mkdir()
    stamp.write()
