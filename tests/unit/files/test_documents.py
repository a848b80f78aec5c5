"""JSON and TOML: what parsers differ about, or pass over in silence, is refused by name."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keel.files.documents import DocumentError, parse_json, read_toml
from keel.files.errors import FileError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(value=VALUES)
def test_json_is_what_it_says(value: Any) -> None:
    assert parse_json(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Expecting value: line 1 column 1 (char 0)"),
        ("{", "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        ('{"a": 1} x', "Extra data: line 1 column 10 (char 9)"),
        ('{"a": 1, "b": 2, "a": 1}', "'a' is given twice"),
        ('[{"inner": {"b": 1, "b": 2}}]', "'b' is given twice"),
        ("[NaN]", "NaN is not JSON"),
        ("[-Infinity]", "-Infinity is not JSON"),
        ("9" * 5000, "Exceeds the limit (4300 digits) for integer string conversion: value has"),
        ("[" * 34 + "]" * 34, "more than 32 levels"),
        ("[" * 100_000, "more than 32 levels"),
        ('{"a":' * 100_000, "more than 32 levels"),
    ],
    ids=range(11),
)
def test_what_is_no_json_is_said_in_one_line(text: str, problem: str) -> None:
    with pytest.raises(DocumentError) as refused:
        parse_json(text)
    assert str(refused.value).startswith(problem)
    assert "\n" not in str(refused.value)


def test_32_levels_are_read() -> None:
    assert json.dumps(parse_json("[" * 32 + "]" * 32)) == "[" * 32 + "]" * 32


def test_toml_is_read_with_exact_fractions(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"\xef\xbb\xbf[fees]\r\nmax = 0.100000000000000000001\r\n")
    assert read_toml(path) == {"fees": {"max": Decimal("0.100000000000000000001")}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[fees", "is not TOML: "),
        ("a = 1\na = 2", "is not TOML: Cannot overwrite a value"),
        ("a = " + "[" * 34 + "]" * 34, "is not TOML: more than 32 levels"),
        ("a = " + "[" * 50_000, "is not TOML: more than 32 levels"),
        ("a = " + "{b = " * 50_000, "is not TOML: more than 32 levels"),
        ("a.b" + ".c" * 50 + " = 1", "is not TOML: more than 32 levels"),
    ],
    ids=range(6),
)
def test_what_is_no_toml_is_said_in_one_line(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(FileError) as refused:
        read_toml(path)
    assert str(refused.value).startswith(f"{path} {problem}")
    assert "\n" not in str(refused.value)
