"""What `make bench` does, with Rich on the terminal."""

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from keel.consensus.beacon.config import Fork
from keel.formatting.tables import plain_table
from keel.measure.bench.runs import Results, Task, plan, run_all
from keel.measure.bench.states import FOLDER, make_json, make_ssz
from keel.measure.bench.table import (
    GOAL_VALIDATORS,
    PAGE,
    lines,
    machine,
    missed_goals,
    page_with,
)

SIZES = (10_000, 100_000, 1_000_000)
QUICK_SIZES = SIZES[:2]


def run_bench(console: Console, fork: Fork, *, quick: bool) -> list[str]:
    """Make the states, measure, show; write docs/scale.md unless quick. Returns missed goals.

    A goal that is missed is measured once more: something else may have had the processor.
    Raises BenchError when a measure fails or two ways give different roots.
    """
    sizes = QUICK_SIZES if quick else SIZES
    measured_on = f"{machine()}; states of {fork}"
    console.print(measured_on, highlight=False)
    with _progress(console) as progress:
        _make_states(progress, fork, sizes)
        tasks = plan(sizes)
        results = _measured(progress, tasks, fork, "Measuring")
        if rows := {goal.of for goal in missed_goals(results)}:
            again = [t for t in tasks if t.row in rows and t.validators == GOAL_VALIDATORS]
            results |= _measured(progress, again, fork, "Goal missed, once more:")
    table = lines(results, fork, sizes)
    console.print(_rich(table))
    if not quick:
        PAGE.write_text(page_with(table, measured_on, PAGE.read_text()))
        console.print(f"Written: the table of {PAGE.name}; states are kept in .keel/{FOLDER.name}")
    return [
        f"{goal.title}: {goal.shown(results)}, at most {goal.bound:g} {goal.unit} expected"
        for goal in missed_goals(results)
    ]


def _make_states(progress: Progress, fork: Fork, sizes: tuple[int, ...]) -> None:
    task = progress.add_task("States", total=sum(sizes))
    for size in sizes:
        progress.update(task, description=f"Making the state of {size:,} validators")
        make_ssz(fork, size)
        make_json(fork, size, lambda count: progress.advance(task, count))
    progress.update(task, description="States", completed=sum(sizes))


def _measured(progress: Progress, tasks: list[Task], fork: Fork, verb: str) -> Results:
    shown = progress.add_task(verb, total=len(tasks))
    done = iter(range(len(tasks)))

    def start(task: Task) -> None:
        progress.update(shown, completed=next(done), description=f"{verb} {task.title}")

    results = run_all(tasks, fork, start)
    progress.update(shown, completed=len(tasks), description="Measured")
    return results


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console
    )


def _rich(lines_of_table: list[list[str]]) -> Table:
    heading, *rows = lines_of_table
    table = plain_table(heading[0], *(f">{name}" for name in heading[1:]))
    for row in rows:
        table.add_row(row[0].replace("**", ""), *row[1:])
    return table
