"""Each rule of the two designs in docs/ has a test; no file names a rule that is not there.

A test names a rule in a docstring: its own, its class's or its module's.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEFINITION = re.compile(r"^- \*\*([A-Z]{3}-\d+)\*\*", re.MULTILINE)


def _rules(design: str) -> list[str]:
    return DEFINITION.findall(design)


def _reference(rules: list[str]) -> re.Pattern[str]:
    chapters = sorted({rule[:3] for rule in rules})
    return re.compile(rf"\b(?:{'|'.join(chapters)})-\d+\b")


def _docstrings(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            yield ast.get_docstring(node) or ""


def _rules_without_test(rules: list[str], sources: list[str]) -> list[str]:
    reference = _reference(rules)
    named = {
        rule
        for source in sources
        for text in _docstrings(source)
        for rule in reference.findall(text)
    }
    return [rule for rule in rules if rule not in named]


def _rules_that_are_not_there(rules: list[str], text: str) -> list[str]:
    return sorted(set(_reference(rules).findall(text)) - set(rules))


DESIGNS = ("docs/design.md", "docs/market_design.md")
RULES = [rule for design in DESIGNS for rule in _rules((ROOT / design).read_text())]


def test_rules_are_numbered_once() -> None:
    assert len(RULES) > 10
    assert len(RULES) == len(set(RULES))


def test_every_rule_has_a_test_that_names_it() -> None:
    tests = [path.read_text() for path in (ROOT / "tests").rglob("test_*.py")]
    assert _rules_without_test(RULES, tests) == []


def test_no_file_names_a_rule_that_is_not_there() -> None:
    folders = ("contracts", "docs", "keel", "scripts", "tests")
    files = [
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".md", ".py", ".sol", ".vy"}
    ]
    wrong = {
        str(path.relative_to(ROOT)): unknown
        for path in files
        if path != Path(__file__)
        and (unknown := _rules_that_are_not_there(RULES, path.read_text()))
    }
    assert wrong == {}


def test_a_rule_loses_its_test_when_the_last_docstring_stops_naming_it() -> None:
    rules = ["REP-1", "REP-2"]
    named = 'def test_x():\n    """REP-1: once."""\n    assert "REP-2"\n'
    assert _rules_without_test(rules, [named]) == ["REP-2"]
    assert _rules_without_test(rules, [named, '"""REP-2."""\n']) == []


def test_a_rule_that_is_not_there_is_found_and_standards_are_none() -> None:
    rules = ["REP-1", "EXT-5"]
    assert _rules_that_are_not_there(rules, "REP-1 and REP-10, EIP-7002") == ["REP-10"]
    assert _rules_that_are_not_there(rules, "EXT-5 of REP-1") == []
