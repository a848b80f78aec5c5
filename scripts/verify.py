"""`ape run verify`: compare a network with the plan of its deployment."""

import sys
from pathlib import Path

import click
from ape.cli import ConnectedProviderCommand

from keel.terminal.options import examples


@click.command(
    cls=ConnectedProviderCommand,
    epilog=examples(
        "verify --network http://127.0.0.1:8545",
        "verify --network ethereum:hoodi:node",
    ),
)
@click.option(
    "--manifest",
    type=click.Path(path_type=Path),
    help="Manifest to compare with; without it the chain's own, in .keel/ or deployments/.",
)
def cli(manifest: Path | None) -> None:
    """Re-read a deployment from the chain and name every difference from its plan.

    Compared are the code of each contract (byte by byte, immutables included), the addresses the
    contracts know of each other, every parameter, everyone who holds or ever held a role, and all
    that the AccessManager stores. The exit code is 1 if anything differs.
    """
    from rich.console import Console

    from keel.chain.errors import ChainError
    from keel.deploy.command import run_verify
    from keel.deploy.errors import DeployError

    try:
        run_verify(manifest, Console())
    except (ChainError, DeployError) as error:
        click.secho(f"keel: {error}", fg="red", err=True)
        sys.exit(1)
