"""Read settings from a TOML file, the environment over it, with errors of one line."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource, TomlConfigSettingsSource
from pydantic_settings import SettingsError as EnvironmentFault
from pydantic_settings.sources.types import ConfigFileSourceType

from keel.files.documents import read_toml
from keel.files.errors import FileError
from keel.service import sections
from keel.service.errors import SettingsError
from keel.service.sections import ServiceSettings

_SECRET_WORDS = ("password", "passphrase", "private", "secret", "mnemonic", "seed")
_NO_SECRETS = "secrets belong in files or the environment"
_FILE_VARIABLE = "config"
_SHOWN_VALUE = 60


class _TomlFile(TomlConfigSettingsSource):
    """The library's source, with the file read as every other that people write."""

    def _read_files(
        self, files: ConfigFileSourceType | None, deep_merge: bool = False
    ) -> dict[str, Any]:
        del deep_merge  # there is one file
        values = read_toml(files) if isinstance(files, Path) else {}
        _refuse_secrets(values)
        return values


def load_settings[M: ServiceSettings](model: type[M], path: Path | None) -> M:
    """Read settings; a variable PREFIX + SECTION__KEY stands over the file's key.

    Relative paths count from the file's folder, without a file from the current one. Raises
    SettingsError, in one line, naming key, value and bound, but never a secret.
    """
    _refuse_unknown_variables(model)
    try:
        settings = model(EnvSettingsSource(model), _TomlFile(model, path))
    except ValidationError as error:
        faults = [_line(detail) for detail in error.errors()]
        if path is None:
            faults.append("there is no --config FILE")
        raise SettingsError("; ".join(faults)) from None
    except FileError as error:
        raise SettingsError(str(error)) from None
    except EnvironmentFault as error:
        raise SettingsError(f"environment: {str(error).partition(chr(10))[0]}") from None
    return _anchored(settings, Path.cwd() if path is None else path.resolve().parent)


def _refuse_unknown_variables(model: type[ServiceSettings]) -> None:
    """The library passes over a variable with the prefix and a name that is no key."""
    prefix = model.model_config.get("env_prefix", "")
    known = {name.lower() for name in model.model_fields} | {_FILE_VARIABLE}
    for variable in os.environ:
        if variable.upper().startswith(prefix.upper()):
            first = variable[len(prefix) :].lower().partition("__")[0]
            if first not in known:
                raise SettingsError(f"environment variable {variable}: unknown key")


def _refuse_secrets(values: Mapping[str, Any]) -> None:
    for key, value in _leaves(values):
        name = key.rpartition(".")[2]
        names_file = name.endswith("_file") or name == "keystore"
        holds = isinstance(value, str) and _looks_like_key(value)
        if holds or (not names_file and any(word in name.lower() for word in _SECRET_WORDS)):
            raise SettingsError(f"{key}: {_NO_SECRETS}")


def _looks_like_key(value: str) -> bool:
    digits = value.removeprefix("0x")
    return len(digits) == 64 and all(digit in "0123456789abcdefABCDEF" for digit in digits)


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _line(detail: ErrorDetails) -> str:
    """Say one of pydantic's findings in the words of the file."""
    key = ".".join(str(part) for part in detail["loc"])
    match detail["type"]:
        case "extra_forbidden":
            return f"{key}: unknown key"
        case "missing":
            return f"{key}: is needed"
        case sections.ADDRESS_FAULT:
            return f"{key} = {detail['msg']}"
    problem = detail["msg"].removeprefix("Value error, ")
    problem = problem.replace("Input should", "must").replace("String should", "must")
    if not key:
        return problem
    value = _shown(detail)
    return f"{key}: {problem}" if value is None else f"{key} = {value}: {problem}"


def _shown(detail: ErrorDetails) -> str | None:
    """Return the value at fault, None where it is a whole table or may hold a secret."""
    value = detail["input"]
    named_secret = any(word in str(part) for part in detail["loc"] for word in _SECRET_WORDS)
    if named_secret or isinstance(value, Mapping | BaseModel):
        return None
    text = str(value)
    if "@" in text or "://" in text:
        return None
    return text if len(text) <= _SHOWN_VALUE else f"{text[:_SHOWN_VALUE]}..."


def _anchored[M: BaseModel](settings: M, folder: Path) -> M:
    """Make relative paths absolute, in all sections."""
    found: dict[str, Any] = {}
    fields: dict[str, FieldInfo] = type(settings).model_fields
    for name in fields:
        value = getattr(settings, name)
        if isinstance(value, Path):
            found[name] = folder / _expanded(name, value)
        elif isinstance(value, BaseModel):
            found[name] = _anchored(value, folder)
    return settings.model_copy(update=found)


def _expanded(name: str, path: Path) -> Path:
    """Put a user's folder in the place of ~ and ~user."""
    if "\0" in str(path):
        raise SettingsError(f"{name} = {str(path)!r}: must be a path")
    try:
        return path.expanduser()
    except RuntimeError:
        raise SettingsError(f"{name} = {path}: there is no such user") from None
