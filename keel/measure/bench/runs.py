"""Run measures one after another, each in a process of its own."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.consensus.beacon.config import Fork
from keel.measure.bench.errors import BenchError, ChildFailedError
from keel.measure.bench.figures import Figures
from keel.measure.bench.measures import root_path

_TIMEOUT_SECONDS = 300
_TAIL = 300


@dataclass(frozen=True, slots=True)
class Task:
    """One measure to run, as a row of the table."""

    row: str
    measure: str
    validators: int

    @property
    def title(self) -> str:
        """What the terminal shows meanwhile."""
        return f"{self.row}, {self.validators:,} validators"


type Results = dict[tuple[str, int], Figures]
"""Figures by row and number of validators."""


def plan(sizes: tuple[int, ...]) -> list[Task]:
    """Every measure of every size."""
    tasks = []
    for size in sizes:
        tasks += [
            Task("first", "first", size),
            Task("parts", "parts", size),
            Task("report", "report", size),
            Task("orjson", "orjson", size),
            Task("json", "json", size),
        ]
    return tasks


def run_all(tasks: list[Task], fork: Fork, on_start: Callable[[Task], None]) -> Results:
    """Run them in order; raises BenchError if two ways find different roots."""
    results: Results = {}
    roots: dict[int, str] = {}
    for task in tasks:
        on_start(task)
        figures = _run(task, fork)
        results[task.row, task.validators] = figures
        if figures.root and roots.setdefault(task.validators, figures.root) != figures.root:
            raise BenchError(f"{task.title}: root {figures.root}, not {roots[task.validators]}")
        if figures.root:
            root_path(fork, task.validators).write_text(figures.root)
    return results


def _run(task: Task, fork: Fork) -> Figures:
    module = [sys.executable, "-m", "keel.measure.bench.child"]
    done = subprocess.run(
        [*module, task.measure, fork, str(task.validators), str(time.time())],
        cwd=REPOSITORY_ROOT,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode:
        raise ChildFailedError(f"{task.title}: {done.stderr.strip()[-_TAIL:]}")
    return Figures.model_validate_json(done.stdout)
