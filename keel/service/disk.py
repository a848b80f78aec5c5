"""A data folder that one process owns."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from keel.service.errors import FolderError

LOCK_NAME = "lock"


@contextmanager
def owned_folder(folder: Path) -> Iterator[Path]:
    """Make the folder if needed and own it; raises FolderError while another process does.

    The kernel releases the lock when the process ends, however it ends.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
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
