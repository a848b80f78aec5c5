"""Read settings from a TOML file, the environment over it, with errors of one line."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource
from pydantic_settings import SettingsError as EnvironmentError_

from keel.service.errors import SettingsError
from keel.service.sections import (
    FeeSettings,
    KeySettings,
    ListenAddress,
    MonitorSettings,
    NetworkSettings,
    Section,
    ServiceSettings,
)

__all__ = [
    "FeeSettings",
    "KeySettings",
    "ListenAddress",
    "MonitorSettings",
    "NetworkSettings",
    "Section",
    "ServiceSettings",
    "SettingsError",
    "load_settings",
]

_LEVELS = "__"
_SECRET_WORDS = ("password", "passphrase", "private", "secret", "mnemonic", "seed")
_NO_SECRETS = "secrets stand in files or in the environment"
_FILE_VARIABLE = "config"
_SHOWN_VALUE = 60


def load_settings[M: ServiceSettings](model: type[M], path: Path | None, env_prefix: str) -> M:
    """Read settings; a variable PREFIX + SECTION__KEY stands over the file's key.

    Relative paths count from the file's folder, without a file from the current one. Raises
    SettingsError, in one line, naming key, value and bound, but never a secret.
    """
    folder = Path.cwd() if path is None else path.resolve().parent
    from_file = {} if path is None else _read(path)
    _refuse_secrets(from_file)
    values = _overlay(from_file, _from_environment(model, env_prefix))
    try:
        settings = model(**values)
    except ValidationError as error:
        lines = "; ".join(_line(detail) for detail in error.errors())
        raise SettingsError(lines) from None
    return _anchored(settings, folder)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(), parse_float=Decimal)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}") from None


def _from_environment(model: type[ServiceSettings], prefix: str) -> dict[str, Any]:
    known = {name.lower() for name in model.model_fields} | {_FILE_VARIABLE}
    for variable in os.environ:
        if variable.upper().startswith(prefix.upper()):
            first = variable[len(prefix) :].lower().partition(_LEVELS)[0]
            if first not in known:
                raise SettingsError(f"environment variable {variable}: unknown key")
    fields: dict[str, Any] = {
        name: (field.annotation, field) for name, field in model.model_fields.items()
    }
    source = EnvSettingsSource(
        create_model("Environment", __base__=BaseSettings, **fields),
        case_sensitive=False,
        env_prefix=prefix,
        env_nested_delimiter=_LEVELS,
        env_ignore_empty=True,
    )
    try:
        return source()
    except EnvironmentError_ as error:
        raise SettingsError(f"environment: {str(error).partition(chr(10))[0]}") from None


def _overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            merged[key] = _overlay(old, value)
        else:
            merged[key] = value
    return merged


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
    if "@" in text:
        return None
    return text if len(text) <= _SHOWN_VALUE else f"{text[:_SHOWN_VALUE]}..."


def _anchored[M: BaseModel](settings: M, folder: Path) -> M:
    """Make relative paths absolute, in all sections."""
    found: dict[str, Any] = {}
    fields: dict[str, FieldInfo] = type(settings).model_fields
    for name in fields:
        value = getattr(settings, name)
        if isinstance(value, Path):
            found[name] = folder / value.expanduser()
        elif isinstance(value, BaseModel):
            found[name] = _anchored(value, folder)
    return settings.model_copy(update=found)
