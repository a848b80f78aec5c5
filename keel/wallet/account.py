"""Open the key of a service: an Ethereum keystore or an account of Ape."""

import json
import os
import stat
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.address import to_checksum_address

from keel.service.logs import Log, open_log
from keel.service.sections import KeySettings, ServiceSettings
from keel.wallet.errors import AccountError

_LARGEST_FILE = 64 * 1024
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def open_account(settings: KeySettings, log: Log) -> LocalAccount:
    """Decrypt the key (Web3 secret storage v3, which Ape uses too); it stays in memory only.

    Warns of files that others may read. Raises AccountError.
    """
    path = _keystore_path(settings)
    keystore = _keystore(path, log)
    password = _password(settings, log)
    try:
        account: LocalAccount = Account.from_key(Account.decrypt(keystore, password))
    except (ValueError, KeyError, TypeError, NotImplementedError) as error:
        wrong = "MAC mismatch" in str(error)
        reason = "the password is wrong" if wrong else "it is not a keystore of version 3"
        raise AccountError(f"{path} cannot be opened: {reason}") from None
    named = keystore.get("address")
    if named is not None and to_checksum_address(named) != account.address:
        raise AccountError(f"{path} names {named} but holds the key of {account.address}")
    return account


def account_of(settings: ServiceSettings, service: str) -> LocalAccount | None:
    """Open a service's key, None when none is named; raises AccountError."""
    if settings.key is None:
        return None
    return open_account(settings.key, open_log(settings.log, service))


def address_of(account: LocalAccount | None) -> str | None:
    """Address of an account, if there is one."""
    return None if account is None else account.address


def ape_data_folder() -> Path:
    """Folder of Ape's accounts, as Ape finds it."""
    return Path(os.environ.get("APE_DATA_FOLDER") or Path.home() / ".ape").expanduser()


def _keystore_path(settings: KeySettings) -> Path:
    if settings.keystore is not None:
        return settings.keystore
    path = ape_data_folder() / "accounts" / f"{settings.ape_account}.json"
    if not path.exists():
        raise AccountError(f"Ape has no account {settings.ape_account} ({path} is missing)")
    return path


def _keystore(path: Path, log: Log) -> dict[str, Any]:
    try:
        keystore = json.loads(_read(path, log))
    except ValueError:
        raise AccountError(f"{path} is not a keystore") from None
    if not isinstance(keystore, dict):
        raise AccountError(f"{path} is not a keystore")
    return keystore


def _password(settings: KeySettings, log: Log) -> str:
    if settings.passphrase is not None:
        return settings.passphrase.get_secret_value()
    if settings.secret_file is None:
        raise AccountError("no password file is named")
    password = _read(settings.secret_file, log).rstrip("\r\n")
    if not password:
        raise AccountError(f"{settings.secret_file} is empty")
    return password


def _read(path: Path, log: Log) -> str:
    try:
        mode = path.stat().st_mode
        if mode & _OTHERS:
            log.warning("key.exposed", file=str(path), mode=f"{stat.S_IMODE(mode):03o}")
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise AccountError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > _LARGEST_FILE:
        raise AccountError(f"{path} is too large for a key or password")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise AccountError(f"{path} is not text") from None
