"""`ape run verify`: compare a network with the plan of its deployment."""

from pathlib import Path

import click

from keel.terminal.options import chain_options, examples


@click.command(epilog=examples("verify", "verify --network ethereum:hoodi:node"))
@chain_options
def cli(network: str, manifest_path: Path | None) -> None:
    """Re-read a deployment from the chain and name every difference from its plan.

    Compared are the code of each contract (byte by byte, immutables included), the addresses the
    contracts know of each other, every parameter, everyone who holds or ever held a role, and all
    that the AccessManager stores. The exit code is 1 if anything differs.
    """
    from rich.console import Console

    from keel.deploy.command import run_verify
    from keel.terminal.connection import on_network

    with on_network(network):
        run_verify(manifest_path, Console())
