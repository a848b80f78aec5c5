"""Files stay whole when the disk is full; a folder has one owner."""

import subprocess
import sys
from pathlib import Path

import pytest

from keel.files.atomic_files import write_atomically
from keel.service.disk import owned_folder
from keel.service.errors import FolderError

_WRITER = """
import resource, signal, sys
from pathlib import Path
from keel.files.atomic_files import write_atomically
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
try:
    write_atomically(Path(sys.argv[1]), b"x" * 200)
except OSError as error:
    print(error.strerror)
"""
"""Meets a real refusal of the kernel, as root and as anybody else."""

_OWNER = """
import sys, time
from pathlib import Path
from keel.service.disk import owned_folder
with owned_folder(Path(sys.argv[1])):
    print("owned", flush=True)
    time.sleep(60)
"""


def test_a_full_disk_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "journal.json"
    write_atomically(path, b"old")
    told = subprocess.run(
        [sys.executable, "-c", _WRITER, str(path)], check=True, capture_output=True, text=True
    )
    assert told.stdout == "File too large\n"
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_folder_has_one_owner_until_its_process_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(folder)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "owned\n"
        with pytest.raises(FolderError, match="in use by another process"), owned_folder(folder):
            pass
    finally:
        owner.kill()
        owner.wait()
    with owned_folder(folder):
        assert folder.is_dir()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(FolderError, match="file/state cannot be used: Not a directory"),
        owned_folder(tmp_path / "file" / "state"),
    ):
        pass
