"""`ape run gas`: measure the gas of every operation."""

import sys

import click

from keel.formatting.commands import Command
from keel.terminal.options import examples


@click.command(
    cls=Command,
    epilog=examples(
        "gas",
        "gas --check",
        "gas --trace request_repeat",
    ),
)
@click.option(
    "--check", is_flag=True, help="Write nothing; fail if a figure differs from the committed one."
)
@click.option("--trace", "name", metavar="NAME", help="Show where the gas of one operation goes.")
def cli(check: bool, name: str | None) -> None:
    """Measure every operation on a chain of its own, next to the goals and other protocols.

    Writes gas/snapshot.json and the table of docs/gas.md. The scenario is fixed, so the same
    contracts give the same integers everywhere. A rise of more than 1 % over the figures committed
    before needs a line with its reason in docs/gas.md, or --check fails.
    """
    from rich.console import Console

    from keel.errors import KeelError
    from keel.files.errors import Mistake
    from keel.measure.gas.command import run_check, run_measure, run_trace
    from keel.measure.gas.errors import CheckFailedError, UnknownOperationError

    if check and name is not None:
        raise click.UsageError("--check and --trace: only one of them can be given")
    console = Console()
    try:
        if name is not None:
            run_trace(name, console)
        elif check:
            run_check(console)
        else:
            run_measure(console)
    except UnknownOperationError as error:
        raise Mistake(str(error)) from error
    except CheckFailedError as error:
        for finding in error.findings:
            click.secho(f"gas: {finding}", fg="red", err=True)
        sys.exit(1)
    except KeelError as error:
        click.secho(f"keel: {error}", fg="red", err=True)
        sys.exit(1)
