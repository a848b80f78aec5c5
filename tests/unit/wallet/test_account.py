"""Keys from keystores and Ape's accounts; no secret leaves them."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from pydantic import SecretStr

from keel.service.logs import open_log
from keel.service.sections import KeySettings
from keel.wallet.account import open_account
from keel.wallet.errors import AccountError

KEY = bytes(range(1, 33))
PASSWORD = "a long passphrase"  # noqa: S105 (of a key that exists in tests only)
ADDRESS = Account.from_key(KEY).address


@pytest.fixture(scope="module")
def keystore() -> dict[str, Any]:
    document: dict[str, Any] = Account.encrypt(KEY, PASSWORD, kdf="pbkdf2", iterations=2)
    return document


@pytest.fixture
def stored(tmp_path: Path, keystore: dict[str, Any]) -> KeySettings:
    key, password = tmp_path / "key.json", tmp_path / "password"
    key.write_text(json.dumps(keystore))
    password.write_text(PASSWORD + "\n")
    for file in (key, password):
        file.chmod(0o600)
    return KeySettings(keystore=key, password_file=password)


def test_a_keystore_opens_with_its_password(stored: KeySettings) -> None:
    written = StringIO()
    account = open_account(stored, open_log("json", "reporter", written))
    assert account.address == ADDRESS
    assert written.getvalue() == ""
    assert KEY.hex() not in repr(account)


def test_files_that_others_may_read_are_warned_of(stored: KeySettings) -> None:
    assert stored.password_file is not None
    stored.password_file.chmod(0o640)
    written = StringIO()
    open_account(stored, open_log("json", "reporter", written))
    (line,) = map(json.loads, written.getvalue().splitlines())
    assert (line["event"], line["file"]) == ("key.exposed", str(stored.password_file))
    assert line["mode"] == "640"
    assert PASSWORD not in written.getvalue()


def test_an_account_of_ape_opens_with_a_passphrase_from_the_environment(
    tmp_path: Path, keystore: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APE_DATA_FOLDER", str(tmp_path))
    (tmp_path / "accounts").mkdir()
    file = tmp_path / "accounts" / "oracle-1.json"
    file.write_text(json.dumps({**keystore, "public_key": "00"}))
    settings = KeySettings(ape_account="oracle-1", passphrase=SecretStr(PASSWORD))
    assert open_account(settings, open_log("json", "reporter", StringIO())).address == ADDRESS
    other = KeySettings(ape_account="oracle-2", passphrase=SecretStr(PASSWORD))
    with pytest.raises(AccountError, match="Ape has no account oracle-2"):
        open_account(other, open_log("json", "reporter", StringIO()))


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("password", "wrong", "the password is wrong"),
        ("password", "", "is empty"),
        ("password", "x" * 70_000, "is too large"),
        ("key.json", "no JSON", "is not a keystore"),
        ("key.json", "[1]", "is not a keystore"),
        ("key.json", "{}", "not a keystore of version 3"),
    ],
)
def test_what_cannot_be_opened_is_said_in_one_line_without_secrets(
    stored: KeySettings, tmp_path: Path, name: str, content: str, problem: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(AccountError, match=problem) as refused:
        open_account(stored, open_log("json", "reporter", StringIO()))
    assert "\n" not in str(refused.value)
    assert PASSWORD not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_a_keystore_that_names_another_address_is_refused(
    stored: KeySettings, keystore: dict[str, Any]
) -> None:
    assert stored.keystore is not None
    stored.keystore.write_text(json.dumps({**keystore, "address": "00" * 20}))
    with pytest.raises(AccountError, match=f"holds the key of {ADDRESS}"):
        open_account(stored, open_log("json", "reporter", StringIO()))


def test_a_missing_file_is_named(stored: KeySettings) -> None:
    assert stored.keystore is not None
    stored.keystore.unlink()
    with pytest.raises(AccountError, match=r"key\.json cannot be read: No such file"):
        open_account(stored, open_log("json", "reporter", StringIO()))
