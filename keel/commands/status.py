"""`ape run status`: the protocol on one screen."""

from pathlib import Path

import click

from keel.formatting.commands import Command
from keel.terminal.options import chain_options, examples


@click.command(cls=Command, epilog=examples("status", "status --account depositor"))
@click.option("--account", "account_name", help="Show only what this account holds.")
@chain_options
def cli(account_name: str | None, network: str, manifest_path: Path | None) -> None:
    """Show the state, the rate, where all ether is, limits, oracle, operators and roles."""
    from keel.terminal.answers import show
    from keel.terminal.connection import address_named, connected
    from keel.terminal.status import holdings_screen, status_screen

    with connected(network, manifest_path) as connection:
        if account_name is None:
            show(status_screen(connection))
        else:
            owner = address_named(account_name, connection)
            show(holdings_screen(connection, owner))
