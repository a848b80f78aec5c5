"""`ape run stake`: pay ether in."""

from pathlib import Path

import click

from keel.formatting.commands import Command
from keel.terminal.options import Ether, account_option, chain_options, examples


@click.command(
    cls=Command,
    epilog=examples(
        "stake 32",
        "stake 1.5 --wrapped --account holder",
        "stake 1 --account me --network ethereum:hoodi:node",
    ),
)
@click.argument("amount", type=Ether())
@click.option(
    "--wrapped", is_flag=True, help="Receive wkETH, which does not rebase, instead of kETH."
)
@account_option("depositor")
@chain_options
def cli(
    amount: int, wrapped: bool, account_name: str, network: str, manifest_path: Path | None
) -> None:
    """Pay AMOUNT of ETH and receive kETH, or wkETH.

    With rewards, your balance of kETH grows; with wkETH, its price grows. Without --network the
    command uses the chain of `make chain`.
    """
    from keel.terminal.connection import account_named, connected
    from keel.terminal.user_actions import stake

    with connected(network, manifest_path) as connection:
        stake(connection, account_named(account_name, connection), amount, wrapped=wrapped)
