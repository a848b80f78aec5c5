"""`ape run chain`: keep a local chain with Keel on it."""

import sys

import click

from keel.terminal.options import examples


@click.command(
    epilog=examples(
        "chain",
        "chain --port 9000 --profile local",
    )
)
@click.option("--port", default=8545, show_default=True, help="Port of the RPC address; 0: any.")
@click.option(
    "--profile",
    type=click.Choice(["local", "mainnet"]),
    default="mainnet",
    show_default=True,
    help="mainnet has a frame a day, local one of 384 seconds (deposits close after three frames "
    "without a report); docs/parameters.md tells the rest.",
)
def cli(port: int, profile: str) -> None:
    """Start Anvil, deploy Keel on it, and keep it up until Ctrl-C.

    Prints the RPC address, the contracts, the funded accounts by the part they play, and commands
    to try. Point any tool at the RPC address; the ABIs lie in .keel/abi/.
    """
    from rich.console import Console

    from keel.chain.errors import ChainError
    from keel.deploy.command import compiled
    from keel.deploy.errors import DeployError
    from keel.deploy.local_chain import run_chain

    try:
        run_chain(port, profile, compiled(), Console())
    except (ChainError, DeployError) as error:
        click.secho(f"keel: {error}", fg="red", err=True)
        sys.exit(1)
