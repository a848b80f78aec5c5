"""Files that appear whole, and secrets readable by nobody else from their first byte on."""

import os
from contextlib import suppress
from pathlib import Path


def write_atomically(path: Path, content: bytes, *, is_public: bool = False) -> None:
    """Replace a file so that a reader, or a start after a kill, finds the old or the new whole.

    Returns once the disk holds it, readable by its owner only unless it `is_public`. Raises
    OSError, and then the old content stands. One process writes a file at a time, since the
    temporary file has one name.
    """
    _write(path, content, replaces=True, mode=0o666 if is_public else 0o600)


def write_new(path: Path, content: bytes) -> None:
    """The same for a file that must not be there yet; raises FileExistsError and other OSError."""
    _write(path, content, replaces=False, mode=0o600)


def _write(path: Path, content: bytes, *, replaces: bool, mode: int) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    try:
        # O_EXCL: what somebody else put there in between, with rights of their own, is not used.
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replaces:
            fresh.replace(path)
        else:
            path.hardlink_to(fresh)
            fresh.unlink()
    except BaseException:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
