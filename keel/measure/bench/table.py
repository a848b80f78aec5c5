"""The figures as a table, growth from left to right, and the goals they are held to."""

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.consensus.beacon.config import Fork
from keel.measure.bench.errors import PageError
from keel.measure.bench.figures import Figures
from keel.measure.bench.runs import Results
from keel.measure.bench.states import json_path, ssz_path

PAGE = REPOSITORY_ROOT / "docs" / "scale.md"
_BEGIN = "<!-- Written by `make bench`. -->"
_END = "<!-- End of what `make bench` writes. -->"

GOAL_VALIDATORS = 1_000_000
MEGABYTE = 10**6


@dataclass(frozen=True, slots=True)
class Row:
    """One line; `of` is the row of the results that `shown` reads."""

    title: str
    of: str
    shown: Callable[[Figures], str]


@dataclass(frozen=True, slots=True)
class Goal:
    """An upper bound on a figure at GOAL_VALIDATORS."""

    title: str
    of: str
    found: Callable[[Figures], float]
    bound: float
    unit: str

    def shown(self, results: Results) -> str:
        """What was found, in the goal's unit."""
        return f"{self.found(results[self.of, GOAL_VALIDATORS]):.4g} {self.unit}"


def _seconds(name: str) -> Callable[[Figures], str]:
    return lambda figures: shown_seconds(figures.seconds[name])


def _tree(figures: Figures) -> str:
    return shown_seconds(figures.seconds["tree"])


def _memory(figures: Figures) -> str:
    return f"{figures.peak_bytes / MEGABYTE:,.0f} MB"


def _cpu(figures: Figures) -> str:
    return shown_seconds(figures.cpu_seconds)


ROWS = (
    Row("decode validators and balances", "first", _seconds("decode")),
    Row("hash-tree-root of validators", "parts", _seconds("validators")),
    Row("hash-tree-root of balances", "parts", _seconds("balances")),
    Row("hash-tree-root of the whole state", "first", _tree),
    Row("**first proofs**, in total", "first", _seconds("first")),
    Row("CPU time of the first proofs", "first", _cpu),
    Row("peak memory of the first proofs", "first", _memory),
    Row("**every later proof** (slowest of 1,000)", "first", _seconds("later")),
    Row("**report** from SSZ bytes, in total", "report", _seconds("all")),
    Row("CPU time of that", "report", _cpu),
    Row("peak memory of that", "report", _memory),
    Row("JSON: parse with orjson, nothing else", "orjson", _seconds("parse")),
    Row("JSON: peak memory with orjson", "orjson", _memory),
    Row("JSON: parse with the standard library", "json", _seconds("parse")),
    Row("JSON: peak memory with it", "json", _memory),
)

GOALS = (
    Goal("first proofs", "first", lambda f: f.seconds["first"], 15, "s"),
    Goal("every later proof", "first", lambda f: f.seconds["later"], 0.1, "s"),
    Goal("peak memory", "first", lambda f: f.peak_bytes / MEGABYTE, 1200, "MB"),
    Goal("CPU time of a report", "report", lambda f: f.cpu_seconds, 10, "s"),
    Goal("peak memory of a report", "report", lambda f: f.peak_bytes / MEGABYTE, 1000, "MB"),
)


def shown_seconds(seconds: float) -> str:
    """Two or three digits that count."""
    if seconds < 0.1:
        return f"{seconds * 1000:.1f} ms"
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"


def lines(results: Results, fork: Fork, sizes: Sequence[int]) -> list[list[str]]:
    """The table's lines, the heading first."""
    heading = ["validators", *(f"{size:,}" for size in sizes)]
    table = [heading]
    for title, path in (("SSZ bytes", ssz_path), ("JSON bytes", json_path)):
        found = [f"{path(fork, n).stat().st_size / MEGABYTE:,.1f} MB" for n in sizes]
        table.append([title, *found])
    for row in ROWS:
        cells = [results.get((row.of, size)) for size in sizes]
        table.append([row.title, *("" if cell is None else row.shown(cell) for cell in cells)])
    return table


def missed_goals(results: Results) -> list[Goal]:
    """Goals that the figures miss; none for sizes that were not measured."""
    return [
        goal
        for goal in GOALS
        if (figures := results.get((goal.of, GOAL_VALIDATORS))) and goal.found(figures) > goal.bound
    ]


def machine() -> str:
    """The machine and how busy it is, in a few words; no name, no path."""
    model = "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = found[0].partition(":")[2].strip() if found else platform.machine()
        model = f"{len(found) or 1} cores, {model}"
    load = f"{os.getloadavg()[0]:.1f} processes busy before"
    return f"{model}, Python {platform.python_version()}, {platform.system()}; {load}"


def page_with(table: list[list[str]], measured_on: str, page: str) -> str:
    """Return the page with this table; raises PageError without its place."""
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise PageError(f"{PAGE.name} has no place for the table: {_BEGIN} and {_END}")
    rule = ["---", *["---:"] * (len(table[0]) - 1)]
    rows = "\n".join("| " + " | ".join(line) + " |" for line in [table[0], rule, *table[1:]])
    return f"{before}{begin}\nMeasured on {measured_on}.\n\n{rows}\n{end}{after}"
