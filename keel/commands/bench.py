"""`ape run bench`: measure what states of up to a million validators cost."""

import sys

import click

from keel.formatting.commands import Command
from keel.terminal.options import examples


@click.command(
    cls=Command,
    epilog=examples(
        "bench",
        "bench --quick",
        "bench --fork electra",
    ),
)
@click.option("--quick", is_flag=True, help="Up to 100,000 validators; writes nothing.")
@click.option("--fork", type=click.Choice(["electra", "fulu"]), default="fulu", show_default=True)
def cli(quick: bool, fork: str) -> None:
    """Read, hash and prove beacon states of 10,000 to 1,000,000 validators from SSZ bytes.

    Each measure runs in a process of its own, and the same states as JSON are measured too.
    States are made once and kept in .keel/bench (700 MB). Writes the table of docs/scale.md. Fails
    if a goal at 1,000,000 validators is missed.
    """
    from typing import cast

    from rich.console import Console

    from keel.consensus.beacon.config import Fork
    from keel.errors import KeelError
    from keel.measure.bench.command import run_bench

    try:
        missed = run_bench(Console(), cast(Fork, fork), quick=quick)
    except KeelError as error:
        click.secho(f"keel: {error}", fg="red", err=True)
        sys.exit(1)
    for line in missed:
        click.secho(f"bench: {line}", fg="red", err=True)
    sys.exit(1 if missed else 0)
