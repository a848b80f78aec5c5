"""The table of what real clients answer: one file for each subject, a source in each row."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

_FOLDER = Path(__file__).parent / "clients"


def rows(subject: str) -> list[dict[str, Any]]:
    """All rows of a subject; each names its client and its source."""
    found: list[dict[str, Any]] = tomllib.loads((_FOLDER / f"{subject}.toml").read_text())["row"]
    return found


def each_row(subject: str) -> pytest.MarkDecorator:
    """Run a test with each `row` of a subject, named by client."""
    found = rows(subject)
    return pytest.mark.parametrize(
        "row", found, ids=[f"{row['client']}, {row.get('message', '')[:40]}" for row in found]
    )
