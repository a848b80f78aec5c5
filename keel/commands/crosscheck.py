"""`ape run crosscheck`: have another client replay the beacon chain."""

import sys
from pathlib import Path

import click

from keel.formatting.commands import Command
from keel.terminal.options import DataFolder, examples


@click.command(
    cls=Command, epilog=examples("crosscheck", "crosscheck --fork electra", "crosscheck --recorded")
)
@click.option(
    "--fork",
    "forks",
    type=click.Choice(["fulu", "electra"]),
    multiple=True,
    default=("fulu", "electra"),
    help="Check only this fork; by default both.",
)
@click.option(
    "--data",
    "folder",
    type=DataFolder(),
    default=Path(".keel/crosscheck"),
    show_default=True,
    help="Folder for the recorded chains; replaces an earlier check.",
)
@click.option("--recorded", is_flag=True, help="Only replay what an earlier check recorded.")
def cli(forks: tuple[str, ...], folder: Path, recorded: bool) -> None:
    """Build a chain with every kind of operation, and let Lodestar replay every block.

    Lodestar shares no code with the specification in Python. It verifies proposers, signatures and
    state roots, and the last state root must be equal. The exit code is 1 if a block is refused,
    the roots differ, or the chain does not contain everything that should be checked.
    """
    from rich.console import Console

    from keel.consensus.beacon.config import FORKS
    from keel.consensus.beacon.control.answers import one_line_faults
    from keel.consensus.crosscheck.command import run_crosscheck

    console = Console()
    with one_line_faults():
        chosen = [fork for fork in FORKS if fork in forks]
        wrong = run_crosscheck(chosen, folder, console, recorded=recorded)
    for text in wrong:
        click.secho(f"crosscheck: {text}", fg="red", err=True)
    if wrong:
        sys.exit(1)
    console.print("[green]Every block is accepted, and the last state roots are equal.[/]")
