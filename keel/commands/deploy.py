"""`ape run deploy`: put Keel on a network."""

from pathlib import Path

import click

from keel.formatting.commands import Command
from keel.terminal.options import account_option, examples, network_option


@click.command(
    cls=Command,
    epilog=examples(
        "deploy --release 2",
        "deploy --network ethereum:hoodi:node --config hoodi.toml",
    ),
)
@network_option
@account_option("deployer")
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="TOML file that says who holds which role. A local chain needs none.",
)
@click.option(
    "--profile",
    type=click.Choice(["local", "mainnet"]),
    default="local",
    show_default=True,
    help="Parameters for a local chain; a --config file names its own.",
)
@click.option("--release", help="Name of another deployment by the same account.")
@click.option("--dry-run", is_flag=True, help="Show the plan and send nothing.")
def cli(
    *,
    network: str,
    account_name: str,
    config_path: Path | None,
    profile: str,
    release: str | None,
    dry_run: bool,
) -> None:
    """Deploy all of Keel and write its manifest.

    Each address depends on the deployer, the release and the contract's name. If a deployment was
    interrupted, run the command again to continue it. A complete deployment is only verified:
    nothing is deployed twice unless you give a new --release. At the end the deployer has no
    power left.

    Besides gas the deployer pays 2 ETH for good: 1 ETH is the vault's first deposit, 1 ETH the seed
    of the insurance fund.

    A local chain is one started with `make chain` or `anvil --accounts 20`. On a public network
    give an account from `ape accounts import` and a --config.

    The manifest is written to .keel/ for a local chain, and to deployments/ for a public one.
    """
    from rich.console import Console

    from keel.chain.rpc import RpcClient
    from keel.chain.state import chain_id
    from keel.deploy.command import DeployRequest, run_deploy
    from keel.terminal.connection import account_on, on_network

    if release == "":
        raise click.BadParameter("a name of at least one character", param_hint="'--release'")
    request = DeployRequest(config_path, profile, release, dry_run)
    with on_network(network) as url:
        account = account_on(chain_id(RpcClient(url)), account_name)
        run_deploy(account, request, Console())
