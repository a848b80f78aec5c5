"""gas/snapshot.json: the committed figures, and what a change of them needs."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import orjson

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.measure.gas.errors import SnapshotError

SNAPSHOT = REPOSITORY_ROOT / "gas" / "snapshot.json"
RISE_BPS = 100
"""A rise above this many bps needs its reason in docs/gas.md."""

type Figures = Mapping[str, int]

_REASON = re.compile(r"^- `(\w+)` ([\d,]+) to ([\d,]+): \S.*$", re.MULTILINE)


def read_snapshot(path: Path = SNAPSHOT) -> Figures:
    """Read the committed figures; raises SnapshotError."""
    try:
        return parse_snapshot(path.read_bytes())
    except OSError as error:
        raise SnapshotError(f"{path} cannot be read: {error.strerror}") from error


def parse_snapshot(text: str | bytes) -> Figures:
    """Figures of a snapshot's text; raises SnapshotError unless it is a flat object of integers."""
    try:
        figures = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise SnapshotError(f"the snapshot is not JSON: {error}") from error
    if not isinstance(figures, dict) or any(type(gas) is not int for gas in figures.values()):
        raise SnapshotError("the snapshot is not a flat object of integers")
    return figures


def write_snapshot(figures: Figures, path: Path = SNAPSHOT) -> None:
    """Write figures, one a line, sorted by name."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(orjson.dumps(dict(figures), option=options))


def differences(committed: Figures, measured: Figures) -> list[str]:
    """One line for each operation whose figure is not the committed one."""
    found = []
    for name in sorted(set(committed) | set(measured)):
        before, after = committed.get(name), measured.get(name)
        if before is None:
            found.append(f"{name}: {after:,} measured, nothing committed")
        elif after is None:
            found.append(f"{name}: {before:,} committed, nothing measured")
        elif before != after:
            found.append(f"{name}: {after:,} measured, {before:,} committed ({after - before:+,})")
    return found


def unexplained_rises(before: Figures, after: Figures, page: str) -> list[str]:
    """Rises above RISE_BPS for which the page has no line `- `name` 1,000 to 1,020: reason`."""
    explained = {
        (name, int(old.replace(",", "")), int(new.replace(",", "")))
        for name, old, new in _REASON.findall(page)
    }
    return [
        f"{name} rose from {before[name]:,} to {gas:,}: docs/gas.md needs the line "
        f"'- `{name}` {before[name]:,} to {gas:,}: <reason>'"
        for name, gas in after.items()
        if name in before
        and (gas - before[name]) * 10_000 > before[name] * RISE_BPS
        and (name, before[name], gas) not in explained
    ]


def earlier_snapshot(current: Figures, root: Path = REPOSITORY_ROOT) -> Figures | None:
    """Return the latest committed snapshot that differs from the current figures.

    None where git has none, as in a checkout without history.
    """
    name = SNAPSHOT.relative_to(REPOSITORY_ROOT).as_posix()
    for commit in _git(root, "log", "--format=%H", "--", name).split():
        text = _git(root, "show", f"{commit}:{name}")
        if text and (figures := parse_snapshot(text)) != current:
            return figures
    return None


def _git(root: Path, *arguments: str) -> str:
    command_line = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command_line, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""
