"""`ape run statement`: what the protocol earned, paid and lost in a period."""

from pathlib import Path

import click

from keel.formatting.commands import Command
from keel.terminal.options import chain_options, examples

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(
    cls=Command,
    epilog=examples(
        "statement",
        "statement --quarter 2026Q4 --csv 2026Q4.csv --html 2026Q4.html",
        "statement --from 2026-10-01 --to 2026-10-31",
        "statement --from 120 --to 130",
    ),
)
@click.option("--quarter", help="A quarter such as 2026Q4, in place of --from and --to.")
@click.option("--from", "first", help="Begin with this quarter, day, time (UTC) or frame.")
@click.option("--to", "last", help="End with this quarter, day or frame, or before this time.")
@click.option("--csv", "csv_file", type=_FILE, help="Write it to this file, in wei.")
@click.option("--html", "html_file", type=_FILE, help="Write it to this file as a page.")
@chain_options
def cli(
    network: str,
    manifest_path: Path | None,
    csv_file: Path | None,
    html_file: Path | None,
    **period: str | None,
) -> None:
    """Show income, fees, losses, insurance and bonds of a period, and TVL, APR and APY.

    Without a period it is the quarter so far. Everything comes from events alone. They are compared
    with the accounts of the contracts, to the wei; for a difference the exit code is 1.
    """
    from keel.chain.state import block_head
    from keel.statement.documents import csv_text, html_page, terminal_tables
    from keel.terminal.answers import before, console
    from keel.terminal.connection import connected
    from keel.terminal.faults import Fault
    from keel.terminal.statement import (
        checked_words,
        chosen_span,
        statement_reader,
        write_document,
    )

    with connected(network, manifest_path) as connection:
        head = block_head(connection.rpc)
        span = chosen_span(period, connection.manifest.configuration.geometry, head)
        checked = statement_reader(connection).read(head, span)
        if checked.differences:
            raise Fault("; ".join(map(str, checked.differences)))
        for table in terminal_tables(checked.statement):
            console().print(table)
        words = checked_words(checked)
        if csv_file is not None:
            write_document(csv_file, csv_text(checked.statement))
        if html_file is not None:
            write_document(html_file, html_page(checked.statement, words))
        before(words)
