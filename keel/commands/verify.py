"""`ape run verify`: compare a network with the plan of its deployment."""

from pathlib import Path

import click

from keel.formatting.commands import Command
from keel.terminal.options import chain_options, examples


@click.command(cls=Command, epilog=examples("verify", "verify --network ethereum:hoodi:node"))
@chain_options
def cli(network: str, manifest_path: Path | None) -> None:
    """Read a deployment from the chain and show every difference from its plan.

    The command compares the code of each contract (byte by byte, with immutables), the contract
    addresses that contracts store, all parameters, everyone who has or had a role, and all
    that the AccessManager stores. The exit code is 1 if anything differs.
    """
    from rich.console import Console

    from keel.deploy.command import run_verify
    from keel.terminal.connection import on_network

    with on_network(network):
        run_verify(manifest_path, Console())
