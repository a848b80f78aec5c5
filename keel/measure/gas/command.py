"""What `ape run gas` does, with Rich on the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from keel.deploy.command import compiled
from keel.formatting.lines import print_line
from keel.formatting.tables import plain_table
from keel.measure.gas.errors import CheckFailedError, UnknownOperationError
from keel.measure.gas.goals import PROTOCOLS
from keel.measure.gas.operations import OPERATIONS
from keel.measure.gas.page import PAGE, page_with, rows
from keel.measure.gas.scenario import NAMES, measure, trace
from keel.measure.gas.snapshot import (
    SNAPSHOT,
    Figures,
    differences,
    earlier_snapshot,
    read_snapshot,
    unexplained_rises,
    write_snapshot,
)
from keel.measure.gas.trace import Breakdown

WIDE = 130
"""Columns of a terminal that shows other protocols too; docs/gas.md always does."""


def run_measure(console: Console) -> None:
    """Measure, show, and write gas/snapshot.json and the table of docs/gas.md."""
    figures = _measured(console)
    console.print(figures_table(figures, PROTOCOLS if console.width >= WIDE else ()))
    write_snapshot(figures)
    PAGE.write_text(page_with(figures, PAGE.read_text()))
    print_line(console, f"Written: {SNAPSHOT} and the table of {PAGE}")
    for rise in _rises(figures):
        print_line(console, Text.assemble(("note ", "yellow"), rise))


def run_check(console: Console) -> None:
    """Measure and compare with what is committed; raises CheckFailedError with every finding."""
    committed = read_snapshot()
    figures = _measured(console)
    findings = differences(committed, figures)
    page = PAGE.read_text()
    if not findings and page != page_with(committed, page):
        findings.append("the table of docs/gas.md is not that of gas/snapshot.json")
    findings += _rises(committed)
    if findings:
        raise CheckFailedError(findings)
    console.print(f"[green]All {len(figures)} figures are the committed ones.[/]")


def run_trace(name: str, console: Console) -> None:
    """Show where the gas of one operation goes; raises UnknownOperationError."""
    if name not in OPERATIONS:
        known = ", ".join(OPERATIONS)
        raise UnknownOperationError(f"{name!r} is not measured by one transaction; known: {known}")
    console.print(breakdown_table(name, trace(compiled(console), name)))


def figures_table(figures: Figures, protocols: Sequence[str]) -> Table:
    """Figures next to goals and some of the other protocols."""
    columns = ("Keel", "goal", *protocols)
    table = plain_table("operation", *(f">{name}" for name in columns), title="Gas")
    for row in rows(figures):
        missed = row.goal is not None and row.gas > row.goal
        colour = "green" if not missed else "red"
        gas = f"{row.gas:,}" if row.goal is None else f"[{colour}]{row.gas:,}[/]"
        goal = "" if row.goal is None else f"{row.goal:,}"
        table.add_row(row.what, gas, goal, *row.others[: len(protocols)])
    return table


def breakdown_table(name: str, found: Breakdown) -> Table:
    """Classes of one transaction."""
    title = f"{name}: {found.gas_used:,} gas in one transaction"
    table = plain_table("class", ">gas", ">times", title=title)
    for kind, gas in found.gas.items():
        table.add_row(kind, f"{gas:,}", f"{found.counts.get(kind, 1):,}")
    return table


def _rises(figures: Figures) -> list[str]:
    earlier = earlier_snapshot(figures)
    return [] if earlier is None else unexplained_rises(earlier, figures, PAGE.read_text())


def _measured(console: Console) -> Figures:
    artifacts = compiled(console)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("Measuring", total=len(NAMES) - 1)

        def advance(name: str) -> None:
            progress.update(task, advance=1, description=f"Measuring {name}")

        return measure(artifacts, on_done=advance)
