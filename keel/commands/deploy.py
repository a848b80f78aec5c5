"""`ape run deploy`: put Keel on a network."""

import sys
from pathlib import Path

import click
from ape.api.accounts import AccountAPI
from ape.cli import ConnectedProviderCommand, account_option

from keel.terminal.options import examples


@click.command(
    cls=ConnectedProviderCommand,
    epilog=examples(
        "deploy --network http://127.0.0.1:8545 --account TEST::0",
        "deploy --network ethereum:hoodi:node --account me --config hoodi.toml",
    ),
)
@account_option()
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    help="TOML file that says who holds which role. A local chain needs none.",
)
@click.option(
    "--profile",
    type=click.Choice(["local", "mainnet"]),
    default="local",
    show_default=True,
    help="Parameters for a local chain; a --config file names its own.",
)
@click.option("--release", help="Name another deployment by the same account.")
@click.option("--dry-run", is_flag=True, help="Show the plan and send nothing.")
def cli(
    account: AccountAPI,
    config_path: Path | None,
    profile: str,
    release: str | None,
    dry_run: bool,
) -> None:
    """Deploy all of Keel and write its manifest.

    Every address follows from the deployer, the release and the contract's name. So a deployment
    that broke off goes on when the command is given again, and one that is complete is only
    verified: nothing is deployed twice unless --release asks for it. The deployer ends without
    any power.

    A local chain is one started by `make chain`, or by `anvil --accounts 20`; on a public network
    give an account that `ape accounts import` made and a --config.

    The manifest goes to .keel/ for a local chain, to deployments/ for a public one.
    """
    from rich.console import Console

    from keel.deploy.command import DeployRequest, run_deploy
    from keel.deploy.errors import ConfigurationError
    from keel.errors import KeelError

    request = DeployRequest(config_path, profile, release, dry_run)
    try:
        run_deploy(account, request, Console())
    except KeelError as error:
        click.secho(f"keel: {error}", fg="red", err=True)
        sys.exit(2 if isinstance(error, ConfigurationError) else 1)
