"""JSON and TOML from people: what parsers pass over in silence is refused here."""

import json
import tomllib
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any, NoReturn

from keel.errors import KeelError
from keel.files.errors import FileError
from keel.files.text_files import read_text

_DEEPEST = 32


class DocumentError(KeelError):
    """A text that is no such document; the message is one line that says why."""


def parse_json(text: str) -> Any:
    """Parse JSON; raises DocumentError for what is none, for NaN, Infinity, a key given twice.

    Also for more than 32 levels, beyond which other parsers give up or break.
    """
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except RecursionError:
        raise DocumentError(f"more than {_DEEPEST} levels") from None
    except ValueError as error:
        raise DocumentError(str(error).partition(";")[0]) from None
    _require_shallow(value)
    return value


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file, fractions as Decimal; raises FileError."""
    try:
        values = tomllib.loads(read_text(path), parse_float=Decimal)
        _require_shallow(values)
    except RecursionError:
        raise FileError(f"{path} is not TOML: more than {_DEEPEST} levels") from None
    except (DocumentError, ValueError) as error:
        raise FileError(f"{path} is not TOML: {str(error).partition(';')[0]}") from None
    return values


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
        raise DocumentError(f"{_shown(twice)} is given twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise DocumentError(f"{name} is not JSON")


def _require_shallow(value: Any) -> None:
    level = [value]
    for _ in range(_DEEPEST + 1):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return
    raise DocumentError(f"more than {_DEEPEST} levels")


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _shown(key: str) -> str:
    return repr(key) if len(key) <= 60 else f"{key[:60]!r}..."
