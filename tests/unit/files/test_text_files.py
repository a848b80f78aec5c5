"""Text from files as people's editors, shells and mistakes make them."""

import codecs
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keel.files import text_files
from keel.files.errors import FileError
from keel.files.text_files import read_password, read_private_text, read_text

INPUTS = Path(__file__).parent / "inputs"


def written(folder: Path, content: bytes) -> Path:
    path = folder / "file"
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def refusal(read: Callable[[Path], str], path: Path) -> str:
    with pytest.raises(FileError) as refused:
        read(path)
    line = str(refused.value)
    assert line.startswith(str(path))
    assert "\n" not in line
    return line.removeprefix(f"{path} ")


def test_a_mark_at_the_beginning_is_dropped_and_one_inside_is_text(tmp_path: Path) -> None:
    plain, marked = "mañana", "\ufeffmañana"
    assert read_text(written(tmp_path, plain.encode())) == plain
    assert read_text(written(tmp_path, marked.encode())) == plain
    assert read_text(written(tmp_path, f"a{marked}".encode())) == f"a{marked}"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b" \r\n\t\n", "is empty"),
        (codecs.BOM_UTF8, "is empty"),
        ("word".encode("utf-16"), "is UTF-16, UTF-8 expected"),
        (codecs.BOM_UTF16_BE + "word".encode("utf-16-be"), "is UTF-16, UTF-8 expected"),
        ("word".encode("utf-32"), "is UTF-32, UTF-8 expected"),
        ("word".encode("utf-16-le"), "is not UTF-8 text: character 2 is NUL, as in UTF-16"),
        (b"word\0", "is not UTF-8 text: character 5 is NUL, as in UTF-16"),
        ("mañana".encode("latin-1"), "is not UTF-8: byte 3 is invalid"),
        ("€".encode("cp1252"), "is not UTF-8: byte 1 is invalid"),
        (b"x" * 101, "is too large: at most 100 bytes expected"),
    ],
)
def test_other_content_is_named_in_one_line(tmp_path: Path, content: bytes, problem: str) -> None:
    assert refusal(lambda path: read_text(path, 100), written(tmp_path, content)) == problem


def test_a_file_of_exactly_the_most_is_read(tmp_path: Path) -> None:
    assert read_text(written(tmp_path, b"x" * 100), 100) == "x" * 100


@pytest.mark.parametrize("read", [read_text, read_private_text, read_password])
def test_what_is_no_file_is_named(tmp_path: Path, read: Callable[[Path], str]) -> None:
    assert refusal(read, tmp_path) == "is a folder, a file expected"
    assert refusal(read, Path("/dev/zero")) == "is a device, a file expected"
    assert refusal(read, tmp_path / "none") == "cannot be read: No such file or directory"
    inside = written(tmp_path, b"x") / "inside"
    assert refusal(read, inside) == "cannot be read: Not a directory"
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    assert refusal(read, loop) == "cannot be read: Too many levels of symbolic links"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        assert refusal(read, tmp_path / "socket").startswith("cannot be read: ")
    with pytest.raises(FileError, match="cannot be read: embedded null byte"):
        read(Path("a\0b"))


@pytest.mark.parametrize("read", [read_text, read_private_text, read_password])
def test_a_pipe_is_read_to_its_end_and_not_waited_for_without_bound(
    tmp_path: Path, read: Callable[[Path], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    writer = threading.Thread(target=pipe.write_text, args=("sesame",))
    writer.start()
    assert read(pipe) == "sesame"
    writer.join()
    monkeypatch.setattr(text_files, "_PIPE_SECONDS", 0.1)
    assert refusal(read, pipe) == "is a pipe that gave no end of text within 0.1 s"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601, 0o620])
def test_a_secret_open_to_others_is_refused_with_the_command_that_closes_it(
    tmp_path: Path, mode: int
) -> None:
    path = written(tmp_path, b"sesame")
    path.chmod(mode)
    line = f"is open to others (mode {mode:03o}): chmod 600 {path}"
    assert refusal(read_private_text, path) == refusal(read_password, path) == line
    assert read_text(path) == "sesame"
    path.chmod(0o400)
    assert read_password(path) == "sesame"


def test_a_group_may_read_what_its_owner_gave_it_but_not_everybody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, b"sesame")
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    path.chmod(0o440)
    assert read_password(path) == "sesame"
    path.chmod(0o444)
    assert refusal(read_password, path) == f"is open to others (mode 444): chmod o= {path}"


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\n\n"])
def test_the_ends_of_lines_are_no_part_of_a_password_and_spaces_are(
    tmp_path: Path, end: str
) -> None:
    assert read_password(written(tmp_path, f" two words {end}".encode())) == " two words "


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\n", "is empty"),
        (b"one\ntwo\n", "has 2 lines, one with the password expected"),
        (b"\nlate", "has 2 lines, one with the password expected"),
        (b"x" * 65_537, "is too large: at most 65,536 bytes expected"),
    ],
)
def test_what_is_no_password_is_named(tmp_path: Path, content: bytes, problem: str) -> None:
    assert refusal(read_password, written(tmp_path, content)) == problem


def test_passwords_from_windows_and_from_another_time(tmp_path: Path) -> None:
    marked = written(tmp_path, (INPUTS / "password-bom.txt").read_bytes())
    assert read_password(marked) == "mañana"
    latin = written(tmp_path, (INPUTS / "password-latin1.txt").read_bytes())
    assert refusal(read_password, latin) == "is not UTF-8: byte 3 is invalid"


@given(content=st.binary(max_size=200))
@example(content=b"\xed\xa0\x80")
def test_any_bytes_are_their_text_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = written(tmp_path_factory.mktemp("any"), content)
    try:
        text = read_text(path)
    except FileError as error:
        text = None
        line = str(error)
    if text is None:
        assert line.startswith(f"{path} is ")
        assert line.count("\n") == 0
    else:
        assert text.encode() == content.removeprefix(codecs.BOM_UTF8)
