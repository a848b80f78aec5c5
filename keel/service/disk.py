"""Files that survive a kill at any instant, in a folder that one process owns."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from keel.service.errors import FolderError

_LOCK_NAME = "lock"


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file so that a reader, or a start after a kill, finds the old or the new whole.

    Returns once the disk holds it. Raises OSError, and then the old content stands. The folder
    must be held by `owned_folder`, since the temporary file has one fixed name.
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


@contextmanager
def owned_folder(folder: Path) -> Iterator[Path]:
    """Make the folder if needed and own it; raises FolderError while another process does.

    The kernel releases the lock when the process ends, however it ends.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / _LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise FolderError(f"{folder} cannot be used: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise FolderError(f"{folder} is in use by another process") from error
    try:
        yield folder
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
