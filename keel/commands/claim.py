"""`ape run claim`: have finalised tickets paid."""

from pathlib import Path

import click

from keel.formatting.commands import Command, Integer
from keel.terminal.options import account_option, chain_options, examples


@click.command(cls=Command, epilog=examples("claim", "claim 3 4"))
@click.argument("tickets", type=Integer(min=1), nargs=-1)
@account_option("depositor")
@chain_options
def cli(
    tickets: tuple[int, ...], account_name: str, network: str, manifest_path: Path | None
) -> None:
    """Pay TICKETS to their owners. Without TICKETS, claim all of yours that can be paid."""
    from keel.terminal.connection import account_named, connected
    from keel.terminal.user_actions import claim

    with connected(network, manifest_path) as connection:
        claim(connection, account_named(account_name, connection), tickets)
