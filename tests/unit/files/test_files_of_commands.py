"""Every command that takes a file, with every kind of file that is none: one line, exit code 2."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from eth_account import Account

from keel.chain.anvil import TEST_MNEMONIC
from keel.chain.node_packages import REPOSITORY_ROOT
from keel.commands.beacon import cli as beacon
from keel.commands.operators import cli as operators
from keel.consensus.keystores import Pbkdf2Cost, encrypt_keystore, format_keystore
from keel.deploy.config import load_configuration
from keel.deploy.errors import ConfigurationError, ManifestError
from keel.deploy.manifest import Manifest
from keel.files import text_files
from keel.files.atomic_files import write_atomically
from keel.keeper.command import cli as keeper
from keel.reporter.command import cli as reporter
from keel.terminal.options import PASSWORD_VARIABLE

KEEL = REPOSITORY_ROOT / ".venv" / "bin" / "keel"

type Given = tuple[click.Command, list[str]]
type MakeFile = Callable[[Path], Path]

PASSWORD = "mañana sesame"  # noqa: S105 (of keys that exist in tests only)
NO_CHAIN, NO_MANIFEST = "no chain answers at", "none.json cannot be read"
NOWHERE = "http://127.0.0.1:9"
SETTINGS = f"""
deployment = "none.json"
data = "state"
dry_run = false
[network]
execution = ["{NOWHERE}"]
beacon = ["{NOWHERE}"]
[key]
"""


@pytest.fixture(autouse=True)
def _no_password_around(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)
    monkeypatch.setattr(text_files, "_PIPE_SECONDS", 0.1)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A folder with one file of each kind as it must be, except that no chain answers."""
    folder = tmp_path / "good"
    folder.mkdir()
    store = encrypt_keystore(77, PASSWORD, cost=Pbkdf2Cost(2))
    key = Account.encrypt(bytes(range(1, 33)), PASSWORD, kdf="pbkdf2", iterations=2)
    for name, content in {
        "password": PASSWORD,
        "mnemonic": TEST_MNEMONIC,
        "keystore": format_keystore(store),
        "key": str(key).replace("'", '"'),
    }.items():
        write_atomically(folder / name, content.encode())
    return folder


def deposit(good: Path, file: Path) -> Given:
    return beacon, ["deposit", str(file), "--data", str(good / "chain")]


def add_key(good: Path, file: Path) -> Given:
    options = ["--password-file", str(good / "password"), "--data", str(good / "chain")]
    return beacon, ["add-key", str(file), *options]


def add_key_password(good: Path, file: Path) -> Given:
    options = ["--password-file", str(file), "--data", str(good / "chain")]
    return beacon, ["add-key", str(good / "keystore"), *options]


def _make_keys(mnemonic: Path, password: Path, folder: Path) -> Given:
    files = ["--mnemonic-file", str(mnemonic), "--password-file", str(password)]
    return operators, ["make-keys", *files, "--network", NOWHERE, str(folder)]


def mnemonic(good: Path, file: Path) -> Given:
    return _make_keys(file, good / "password", good / "keys")


def keys_password(good: Path, file: Path) -> Given:
    return _make_keys(good / "mnemonic", file, good / "keys")


def add_keys(good: Path, file: Path) -> Given:
    del good
    return operators, ["predeposit", str(file), "--network", NOWHERE]


def reporter_settings(good: Path, file: Path) -> Given:
    del good
    return reporter, ["check", "--config", str(file)]


def keeper_settings(good: Path, file: Path) -> Given:
    del good
    return keeper, ["check", "--config", str(file)]


def _with_key(good: Path, keystore: Path, password: Path) -> list[str]:
    path = good / "config.toml"
    path.write_text(f"{SETTINGS}keystore = '{keystore}'\npassword_file = '{password}'\n")
    return ["--config", str(path)]


def reporter_keystore(good: Path, file: Path) -> Given:
    return reporter, ["run", *_with_key(good, file, good / "password")]


def reporter_password(good: Path, file: Path) -> Given:
    return reporter, ["run", *_with_key(good, good / "key", file)]


def keeper_keystore(good: Path, file: Path) -> Given:
    return keeper, ["plan", *_with_key(good, file, good / "password")]


def keeper_password(good: Path, file: Path) -> Given:
    return keeper, ["check", *_with_key(good, good / "key", file)]


SECRETS = (
    (mnemonic, "mnemonic", NO_CHAIN),
    (keys_password, "password", NO_CHAIN),
    (add_key_password, "password", "no beacon chain runs"),
    (reporter_keystore, "key", NO_MANIFEST),
    (reporter_password, "password", NO_MANIFEST),
    (keeper_keystore, "key", NO_MANIFEST),
    (keeper_password, "password", NO_MANIFEST),
)
"""Commands, the file they take that nobody else may read, and what they miss once it is good."""

COMMANDS = (
    *(command for command, *_ in SECRETS),
    deposit,
    add_key,
    add_keys,
    reporter_settings,
    keeper_settings,
)


def _content(content: bytes) -> MakeFile:
    def make(folder: Path) -> Path:
        write_atomically(folder / "file", content)
        return folder / "file"

    return make


def _folder(folder: Path) -> Path:
    return folder


def _device(folder: Path) -> Path:
    del folder
    return Path("/dev/zero")


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "file", 0o600)
    return folder / "file"


def _missing(folder: Path) -> Path:
    return folder / "file"


def _below_a_file(folder: Path) -> Path:
    return _content(b"x")(folder) / "inside"


BAD: dict[str, tuple[MakeFile, str]] = {
    "empty": (_content(b""), "is empty"),
    "blank": (_content(b" \r\n"), "is empty"),
    "utf-16": (_content("seven words".encode("utf-16")), "is UTF-16, UTF-8 expected"),
    "utf-16 without mark": (_content("seven words".encode("utf-16-le")), "is NUL, as in UTF-16"),
    "latin-1": (_content("ma\xf1ana".encode("latin-1")), "is not UTF-8: byte 3"),
    "nul": (_content(b"seven\0words"), "is NUL"),
    "huge": (_content(b"x" * (16 * 1024 * 1024 + 1)), "is too large"),
    "folder": (_folder, "is a folder"),
    "device": (_device, "is a device"),
    "pipe": (_pipe, "is a pipe"),
    "missing": (_missing, "cannot be read: No such file or directory"),
    "below a file": (_below_a_file, "cannot be read: Not a directory"),
}


def given(command: Given) -> Result:
    cli, arguments = command
    return CliRunner().invoke(cli, arguments)


def line_of(result: Result) -> str:
    """The one line of a refusal, after `Error: `."""
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 2, result.output
    (line,) = result.output.splitlines()
    return line.removeprefix("Error: ")


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_what_is_no_file_is_one_line_that_names_it(
    good: Path, tmp_path: Path, command: Callable[[Path, Path], Given], bad: str
) -> None:
    make, problem = BAD[bad]
    folder = tmp_path / "bad"
    folder.mkdir()
    path = make(folder)
    line = line_of(given(command(good, path)))
    assert line.startswith(str(path))
    assert problem in line
    assert not (good / "keys").exists()


@pytest.mark.parametrize(("command", "name", "missing"), SECRETS)
def test_a_secret_that_others_may_read_is_refused_until_it_is_closed(
    good: Path, command: Callable[[Path, Path], Given], name: str, missing: str
) -> None:
    path = good / name
    path.chmod(0o644)
    assert line_of(given(command(good, path))) == (
        f"{path} is open to others (mode 644): chmod 600 {path}"
    )
    path.chmod(0o600)
    assert missing in given(command(good, path)).output


@pytest.mark.parametrize(
    ("command", "content", "problem"),
    [
        (deposit, "[" * 50_000, "is not deposit data: more than 32 levels, expected a list"),
        (
            deposit,
            '[{"pubkey": "00", "pubkey": "01"}]',
            "not deposit data: 'pubkey' is given twice",
        ),
        (deposit, '[{"amount": NaN}]', "is not deposit data: NaN is not JSON"),
        (add_keys, "[" * 50_000, "is not deposit data: more than 32 levels, expected a list"),
        (add_keys, "{}", "is not deposit data: {}, expected entries in a list"),
        (add_key, "[" * 50_000, "malformed keystore, file: not JSON: more than 32 levels"),
        (add_key, '{"version": 4, "version": 4}', "file: not JSON: 'version' is given twice"),
        (add_key, '{"version": 3}', "malformed keystore, crypto: Field required"),
        (reporter_keystore, "[" * 50_000, "is not a keystore: more than 32 levels"),
        (keeper_keystore, "[]", "is not a keystore"),
        (keeper_keystore, '{"version": 3}', "it is not a keystore of version 3"),
        (keeper_password, "one\ntwo", "has 2 lines, one with the password expected"),
        (reporter_password, "another", "the password is wrong"),
        (add_key_password, "another", "wrong password for this keystore"),
        (mnemonic, "test " * 11, "the mnemonic has 11 words, 12, 15, 18, 21 or 24 expected"),
        (mnemonic, "test " * 11 + "jnuk", "word 12, 'jnuk', is not in BIP-39's english list"),
        (mnemonic, "test " * 12, "word 12, 'test', does not fit the others (checksum)"),
        (reporter_settings, "a = " + "[" * 50_000, "is not TOML: more than 32 levels"),
        (keeper_settings, "data = 1\ndata = 2", "is not TOML: Cannot overwrite a value"),
        (keeper_settings, f"{SETTINGS}[fees]\nmax_fee_gwei = nan", "fees.max_fee_gwei = NaN"),
        (keeper_settings, f"{SETTINGS}[fees]\nmax_fee_gwei = inf", "fees.max_fee_gwei = Infinity"),
        (reporter_settings, f"{SETTINGS}[fees]\npatience_slots = {10**400}", "fees.patience_slots"),
    ],
)
def test_what_is_wrong_inside_is_one_line(
    good: Path, command: Callable[[Path, Path], Given], content: str, problem: str
) -> None:
    write_atomically(good / "file", content.encode())
    line = line_of(given(command(good, good / "file")))
    assert problem in line
    assert len(line) < 400


@pytest.mark.parametrize(("command", "name", "missing"), SECRETS)
def test_a_mark_and_the_line_ends_of_windows_change_nothing(
    good: Path, command: Callable[[Path, Path], Given], name: str, missing: str
) -> None:
    path = good / name
    write_atomically(path, b"\xef\xbb\xbf" + path.read_bytes() + b"\r\n")
    assert missing in given(command(good, path)).output


def test_a_password_comes_from_the_environment_but_not_from_the_command_line(
    good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["add-key", str(good / "keystore"), "--data", str(good / "chain")]
    shown = CliRunner().invoke(beacon, [*arguments, "--password", PASSWORD])
    assert shown.exit_code == 2
    assert f"use --password-file, or set {PASSWORD_VARIABLE}" in " ".join(shown.output.split())
    assert PASSWORD not in shown.output
    for value, problem in ((PASSWORD, "no beacon chain runs"), ("another", "wrong password")):
        monkeypatch.setenv(PASSWORD_VARIABLE, value)
        assert problem in CliRunner().invoke(beacon, arguments).output
    monkeypatch.delenv(PASSWORD_VARIABLE)
    asked = CliRunner().invoke(beacon, arguments, input=f"{PASSWORD}\n")
    assert "no beacon chain runs" in asked.output
    assert PASSWORD not in asked.output


def test_nobody_is_asked_for_a_password_without_a_terminal(good: Path) -> None:
    done = subprocess.run(
        [KEEL, "beacon", "add-key", good / "keystore", "--data", good / "chain"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "Error: there is no terminal to ask for the password on: use --password-file, or set "
        f"{PASSWORD_VARIABLE}\n"
    )


def test_a_keystore_that_cannot_be_read_is_told_before_a_password_is_asked_for(
    good: Path,
) -> None:
    arguments = ["add-key", str(good / "mnemonic"), "--data", str(good / "chain")]
    refused = CliRunner().invoke(beacon, arguments, input=f"{PASSWORD}\n")
    assert refused.exit_code == 2
    assert "malformed keystore" in refused.output
    assert "Password" not in refused.output


@pytest.mark.parametrize("bad", BAD)
def test_a_configuration_and_a_manifest_are_read_the_same_way(tmp_path: Path, bad: str) -> None:
    make, problem = BAD[bad]
    path = make(tmp_path)
    with pytest.raises(ConfigurationError) as configuration:
        load_configuration(path)
    with pytest.raises(ManifestError) as manifest:
        Manifest.read(path)
    for line in (str(configuration.value), str(manifest.value)):
        assert line.startswith(str(path))
        assert problem in line
