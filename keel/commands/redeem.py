"""`ape run redeem`: ether at once, for a fee."""

from pathlib import Path

import click

from keel.formatting.commands import Command
from keel.terminal.options import Ether, account_option, chain_options, examples


@click.command(cls=Command, epilog=examples("redeem 2", "redeem 2 --min-out 1.95"))
@click.argument("amount", type=Ether())
@click.option("--min-out", type=Ether(), help="Refuse less ETH than this; by default the preview.")
@account_option("depositor")
@chain_options
def cli(
    amount: int, min_out: int | None, account_name: str, network: str, manifest_path: Path | None
) -> None:
    """Exchange AMOUNT of kETH for ether at once.

    The fee rises as the vault's free ether falls, and goes to the insurance fund. Instant
    redemption is closed from each reference slot until its report. A ticket (`keel request`)
    has no fee.
    """
    from keel.terminal.connection import account_named, connected
    from keel.terminal.user_actions import redeem

    with connected(network, manifest_path) as connection:
        redeem(connection, account_named(account_name, connection), amount, min_out)
