"""`ape run wrap`: kETH to wkETH and back."""

from pathlib import Path

import click

from keel.formatting.commands import Command
from keel.terminal.options import Ether, account_option, chain_options, examples


@click.command(cls=Command, epilog=examples("wrap 10", "wrap 10 --back"))
@click.argument("amount", type=Ether())
@click.option("--back", is_flag=True, help="Convert AMOUNT of wkETH to kETH instead.")
@account_option("depositor")
@chain_options
def cli(
    amount: int, back: bool, account_name: str, network: str, manifest_path: Path | None
) -> None:
    """Convert AMOUNT of kETH to wkETH at the current rate, without a fee."""
    from keel.terminal.connection import account_named, connected
    from keel.terminal.user_actions import unwrap, wrap

    with connected(network, manifest_path) as connection:
        (unwrap if back else wrap)(connection, account_named(account_name, connection), amount)
