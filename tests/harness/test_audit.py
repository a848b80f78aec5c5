"""docs/audit.md has every row of the audit, each with tests that exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "audit.md").read_text()
ROW = re.compile(r"^\| ([HML]\d+) \|.*$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
EXPECTED = [
    f"{severity}{number}"
    for severity, count in (("H", 3), ("M", 10), ("L", 15))
    for number in range(1, count + 1)
]


def _functions(source: str) -> set[str]:
    nodes = ast.walk(ast.parse(source))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef)}


def _tests_that_are_not_there(row: str) -> list[str]:
    return [
        f"{path}::{name}"
        for path, name in TEST.findall(row)
        if not (ROOT / path).is_file() or name not in _functions((ROOT / path).read_text())
    ]


def test_every_row_is_there_once() -> None:
    assert ROW.findall(PAGE) == EXPECTED


@pytest.mark.parametrize("row", [match.group() for match in ROW.finditer(PAGE)])
def test_every_row_names_tests_that_exist(row: str) -> None:
    _, fault, answer, tests = row.strip("| ").split(" | ")
    assert fault
    assert answer
    assert TEST.findall(tests)
    assert "`, `".join("::".join(found) for found in TEST.findall(tests)) == tests.strip("`")
    assert _tests_that_are_not_there(tests) == []


def test_a_test_that_was_renamed_is_missed() -> None:
    here = "tests/harness/test_audit.py"
    assert _tests_that_are_not_there(f"`{here}::test_every_row_is_there_once`") == []
    gone = [f"{here}::test_that_was_renamed", "tests/harness/test_gone.py::test_it"]
    assert _tests_that_are_not_there(" ".join(f"`{test}`" for test in gone)) == gone
