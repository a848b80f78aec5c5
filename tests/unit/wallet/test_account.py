"""Keys from keystores and Ape's accounts; no secret leaves them."""

import json
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

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
    account = open_account(stored)
    assert account.address == ADDRESS
    assert KEY.hex() not in repr(account)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644])
@pytest.mark.parametrize("name", ["key.json", "password"])
def test_files_that_others_may_use_are_refused_with_the_command_that_ends_it(
    stored: KeySettings, tmp_path: Path, name: str, mode: int
) -> None:
    file = tmp_path / name
    file.chmod(mode)
    with pytest.raises(AccountError) as refused:
        open_account(stored)
    assert str(refused.value) == (f"{file} is open to others (mode {mode:03o}): chmod 600 {file}")
    file.chmod(0o400)
    assert open_account(stored).address == ADDRESS


def test_an_account_of_ape_opens_with_a_passphrase_from_the_environment(
    tmp_path: Path, keystore: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APE_DATA_FOLDER", str(tmp_path))
    (tmp_path / "accounts").mkdir()
    file = tmp_path / "accounts" / "oracle-1.json"
    file.write_text(json.dumps({**keystore, "public_key": "00"}))
    file.chmod(0o600)
    settings = KeySettings(ape_account="oracle-1", passphrase=SecretStr(PASSWORD))
    assert open_account(settings).address == ADDRESS
    other = KeySettings(ape_account="oracle-2", passphrase=SecretStr(PASSWORD))
    with pytest.raises(AccountError, match="Ape has no account oracle-2"):
        open_account(other)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("password", "wrong", "the password is wrong"),
        ("password", "", "is empty"),
        ("password", "x" * 70_000, "is too large"),
        ("key.json", "no JSON", "is not a keystore"),
        ("key.json", "[1]", "is not a keystore"),
        ("key.json", "{}", "not a keystore of version 3"),
        ("key.json", '{"a": 1, "a": 2}', "'a' is given twice"),
        pytest.param("key.json", "[" * 50_000, "more than 32 levels", id="deep"),
        ("key.json", '{"version": NaN}', "NaN is not JSON"),
        ("password", "one\ntwo", "has 2 lines"),
    ],
)
def test_what_cannot_be_opened_is_said_in_one_line_without_secrets(
    stored: KeySettings, tmp_path: Path, name: str, content: str, problem: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(AccountError, match=problem) as refused:
        open_account(stored)
    assert "\n" not in str(refused.value)
    assert PASSWORD not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_a_keystore_that_names_another_address_is_refused(
    stored: KeySettings, keystore: dict[str, Any]
) -> None:
    assert stored.keystore is not None
    stored.keystore.write_text(json.dumps({**keystore, "address": "00" * 20}))
    with pytest.raises(AccountError, match=f"holds the key of {ADDRESS}"):
        open_account(stored)


def test_a_missing_file_is_named(stored: KeySettings) -> None:
    assert stored.keystore is not None
    stored.keystore.unlink()
    with pytest.raises(AccountError, match=r"key\.json cannot be read: No such file"):
        open_account(stored)


WEIRD: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 0, 1.5, 2**31, 10**400, "", "zz", "é", [], {}, [1]]
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(place=st.integers(0, 30), value=WEIRD, is_left_out=st.booleans())
def test_a_keystore_with_one_part_of_another_kind_opens_or_is_one_line(
    stored: KeySettings, keystore: dict[str, Any], place: int, value: Any, is_left_out: bool
) -> None:
    document = json.loads(json.dumps(keystore))
    crypto = document["crypto"]
    tables = [document, crypto, crypto["kdfparams"], crypto["cipherparams"]]
    parts = [(table, name) for table in tables for name in table]
    table, name = parts[place % len(parts)]
    if is_left_out:
        del table[name]
    else:
        table[name] = value
    assert stored.keystore is not None
    stored.keystore.write_text(json.dumps(document))
    line = ""
    try:
        assert open_account(stored).address == ADDRESS
    except AccountError as error:
        line = str(error)
    assert "\n" not in line
    assert not line or line.startswith(str(stored.keystore))


@pytest.mark.parametrize(
    ("name", "value"), [("dklen", 2**31), ("dklen", 31), ("c", 2**31), ("c", 0), ("c", 1.5)]
)
def test_a_cost_beyond_its_bounds_is_refused_before_it_is_paid(
    stored: KeySettings, keystore: dict[str, Any], name: str, value: float
) -> None:
    document = json.loads(json.dumps(keystore))
    document["crypto"]["kdfparams"][name] = value
    assert stored.keystore is not None
    stored.keystore.write_text(json.dumps(document))
    with pytest.raises(AccountError, match="it is not a keystore of version 3"):
        open_account(stored)
