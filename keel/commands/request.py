"""`ape run request`: ask for ether back by a ticket."""

from pathlib import Path

import click

from keel.formatting.commands import Command
from keel.terminal.options import Ether, account_option, chain_options, examples


@click.command(cls=Command, epilog=examples("request 5", "claim"))
@click.argument("amount", type=Ether())
@account_option("depositor")
@chain_options
def cli(amount: int, account_name: str, network: str, manifest_path: Path | None) -> None:
    """Burn AMOUNT of kETH for a ticket (ERC-721) that a later report pays in full.

    There is no fee. A ticket can be sold while it waits. It cannot be cancelled, and only losses
    can reduce it. An AMOUNT above the largest ticket becomes several tickets.
    """
    from keel.terminal.connection import account_named, connected
    from keel.terminal.user_actions import request

    with connected(network, manifest_path) as connection:
        request(connection, account_named(account_name, connection), amount)
