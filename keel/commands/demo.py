"""`ape run demo`: the whole life of Keel on its own chain."""

import click

from keel.formatting.commands import Command


@click.command(cls=Command)
@click.option(
    "--fast",
    is_flag=True,
    help="Do not pause, and do not verify the chain's own signatures again.",
)
def cli(fast: bool) -> None:
    """Run the whole life of Keel on its own Anvil and beacon chain, in two to three minutes.

    After each step and each report the demo counts all ether from outside the contracts. The
    vault's balance and the beacon state's validators and deposits must equal what holders and
    tickets are owed. A difference of one wei ends the demo with exit code 1.
    """
    from rich.console import Console

    from keel.deploy.command import compiled
    from keel.scenarios.narration import tell_life

    console = Console(highlight=False)
    compiled(console)
    tell_life(pause_seconds=0.0 if fast else 0.7, fast=fast, console=console)
