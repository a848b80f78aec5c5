"""Text from a file or pipe that a person named, as UTF-8 and within bounds."""

import codecs
import os
import select
import stat
import time
from pathlib import Path

from keel.files.errors import FileError

LARGEST_BYTES = 16 * 1024 * 1024
LARGEST_SECRET_BYTES = 64 * 1024

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_PIPE_SECONDS = 30.0
_CHUNK = 1 << 20
_MARKS = (  # UTF-32's mark begins like UTF-16's, so it comes first
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)


def read_text(path: Path, most_bytes: int = LARGEST_BYTES) -> str:
    """Return a file's text without a byte order mark; raises FileError, also for an empty file."""
    return _text(path, _content(path, most_bytes, is_private=False))


def read_private_text(path: Path) -> str:
    """Read a file of at most LARGEST_SECRET_BYTES that nobody else may read; raises FileError.

    A pipe is taken too, as the shell makes one for `<(command)`.
    """
    return _text(path, _content(path, LARGEST_SECRET_BYTES, is_private=True))


def read_password(path: Path) -> str:
    """Return the one line of a password file; spaces belong to the password. Raises FileError."""
    lines = read_private_text(path).rstrip("\r\n").splitlines()
    if not lines:
        raise FileError(f"{path} is empty")
    if len(lines) > 1:
        raise FileError(f"{path} has {len(lines)} lines, one with the password expected")
    return lines[0]


def _content(path: Path, most_bytes: int, *, is_private: bool) -> bytes:
    try:
        # Without O_NONBLOCK a named pipe that nobody writes to would hold us here for good.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            _require_file_or_pipe(path, status.st_mode)
            if is_private:
                _require_private(path, status)
            content = _read(path, descriptor, most_bytes)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:  # a NUL byte in the path
        raise FileError(f"{str(path)!r} cannot be read: {error}") from error
    if len(content) > most_bytes:
        raise FileError(f"{path} is too large: at most {most_bytes:,} bytes expected")
    return content


def _require_file_or_pipe(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise FileError(f"{path} is a folder, a file expected")
    if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
        raise FileError(f"{path} is a device, a file expected")


def _require_private(path: Path, status: os.stat_result) -> None:
    """Refuse what others may read; of another owner's file, a group's share is the owner's will.

    So a secret that an administrator mounts for a service's group is taken.
    """
    if not stat.S_ISREG(status.st_mode):
        return
    is_own = status.st_uid == os.geteuid()
    if status.st_mode & (_OTHERS if is_own else stat.S_IRWXO):
        mode = stat.S_IMODE(status.st_mode)
        command = "chmod 600" if is_own else "chmod o="
        raise FileError(f"{path} is open to others (mode {mode:03o}): {command} {path}")


def _read(path: Path, descriptor: int, most_bytes: int) -> bytes:
    content, deadline = b"", time.monotonic() + _PIPE_SECONDS
    while len(content) <= most_bytes:
        wait = max(0.0, deadline - time.monotonic())
        if not select.select([descriptor], [], [], wait)[0]:
            raise FileError(f"{path} is a pipe that gave no end of text within {_PIPE_SECONDS:g} s")
        chunk = os.read(descriptor, _CHUNK)
        if not chunk:
            break
        content += chunk
    return content


def _text(path: Path, content: bytes) -> str:
    for mark, name in _MARKS:
        if content.startswith(mark):
            raise FileError(f"{path} is {name}, UTF-8 expected")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(f"{path} is not UTF-8: byte {error.start + 1} is invalid") from None
    if "\0" in text:
        place = text.index("\0") + 1
        raise FileError(f"{path} is not UTF-8 text: character {place} is NUL, as in UTF-16")
    if not text.strip():
        raise FileError(f"{path} is empty")
    return text
