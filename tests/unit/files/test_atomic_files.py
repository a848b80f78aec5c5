"""Secrets on disk: whole, and nobody else's at any time."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from keel.files.atomic_files import write_atomically, write_new

_UMASK_0 = """
import os, sys
from pathlib import Path
from keel.files.atomic_files import write_atomically, write_new
os.umask(0)
write_new(Path(sys.argv[1]) / "new", b"new")
write_atomically(Path(sys.argv[1]) / "other", b"other")
"""


def test_files_are_their_owners_whatever_the_mask(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _UMASK_0, str(tmp_path)], check=True)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"new": 0o600, "other": 0o600}


def test_no_file_is_readable_by_others_at_any_time(tmp_path: Path) -> None:
    """A watcher that lists the folder all the while never sees another mode, nor half a file."""
    seen: set[int] = set()
    sizes: set[int] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            with os.scandir(tmp_path) as entries:
                for entry in entries:
                    try:
                        status = entry.stat()
                    except FileNotFoundError:
                        continue
                    seen.add(status.st_mode & 0o777)
                    if not entry.name.startswith("."):
                        sizes.add(status.st_size)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for number in range(200):
            write_new(tmp_path / str(number), b"x" * 5000)
            write_atomically(tmp_path / "same", b"x" * 5000)
    finally:
        done.set()
        watcher.join()
    assert (seen, sizes) == ({0o600}, {5000})


def test_what_somebody_put_in_the_way_is_not_written_into(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("")
    theirs.chmod(0o644)
    (tmp_path / ".key.new").symlink_to(theirs)
    write_new(tmp_path / "key", b"secret")
    assert (theirs.read_bytes(), (tmp_path / "key").read_bytes()) == (b"", b"secret")


def test_a_new_file_is_never_written_over_an_old_one(tmp_path: Path) -> None:
    write_new(tmp_path / "key", b"first")
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "key", b"second")
    write_atomically(tmp_path / "other", b"third")
    write_atomically(tmp_path / "other", b"fourth")
    contents = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert contents == {"key": b"first", "other": b"fourth"}
