"""Open the key of a service: an Ethereum keystore or an account of Ape."""

import os
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from pydantic import BaseModel, ConfigDict, Field

from keel.files.documents import DocumentError, parse_json
from keel.files.errors import FileError
from keel.files.text_files import read_password, read_private_text
from keel.service.sections import KeySettings, ServiceSettings
from keel.wallet.errors import AccountError

_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
)
"""What eth_account raises for keystores whose parts are missing or of another type."""


class _Cost(BaseModel):
    """Bounds of `kdfparams`: 1 GiB of memory, and no more than a thousand times the usual time."""

    model_config = ConfigDict(strict=True)

    dklen: int = Field(default=32, ge=32, le=1024)
    n: int = Field(default=2, ge=2, le=2**20)
    r: int = Field(default=8, ge=1, le=8)
    p: int = Field(default=1, ge=1, le=2**10)
    c: int = Field(default=1, ge=1, lt=2**31)


def open_account(settings: KeySettings) -> LocalAccount:
    """Decrypt the key (Web3 secret storage v3, which Ape uses too); it stays in memory only.

    Raises AccountError, also for a file that others may read.
    """
    path = _keystore_path(settings)
    keystore = _keystore(path)
    password = _password(settings)
    try:
        _require_affordable(keystore)
        account: LocalAccount = Account.from_key(Account.decrypt(keystore, password))
    except _FAULTS as error:
        wrong = "MAC mismatch" in str(error)
        reason = "the password is wrong" if wrong else "it is not a keystore of version 3"
        raise AccountError(f"{path} cannot be opened: {reason}") from None
    named = keystore.get("address")
    if named is not None and str(named).lower().removeprefix("0x") != account.address.lower()[2:]:
        raise AccountError(f"{path} names {named} but holds the key of {account.address}")
    return account


def account_of(settings: ServiceSettings) -> LocalAccount | None:
    """Open a service's key, None when none is named; raises AccountError."""
    return None if settings.key is None else open_account(settings.key)


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


def _keystore(path: Path) -> dict[str, Any]:
    try:
        keystore = parse_json(read_private_text(path))
    except FileError as error:
        raise AccountError(str(error)) from None
    except DocumentError as error:
        raise AccountError(f"{path} is not a keystore: {error}") from None
    if not isinstance(keystore, dict):
        raise AccountError(f"{path} is not a keystore")
    return keystore


def _require_affordable(keystore: dict[str, Any]) -> None:
    """Refuse a cost that would hold the service for hours; raises ValueError."""
    crypto = {name.lower(): part for name, part in keystore.items()}["crypto"]
    _Cost.model_validate({name.lower(): part for name, part in crypto.items()}["kdfparams"])


def _password(settings: KeySettings) -> str:
    if settings.passphrase is not None:
        return settings.passphrase.get_secret_value()
    if settings.secret_file is None:
        raise AccountError("no password file is given")
    try:
        return read_password(settings.secret_file)
    except FileError as error:
        raise AccountError(str(error)) from None
