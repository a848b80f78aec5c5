"""`ape run deploy`: put Keel on a network."""

from pathlib import Path

import click

from keel.terminal.options import account_option, examples, network_option


@click.command(
    epilog=examples(
        "deploy --release 2",
        "deploy --network ethereum:hoodi:node --account me --config hoodi.toml",
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
@click.option("--release", help="Name another deployment by the same account.")
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

    Every address follows from the deployer, the release and the contract's name. So a deployment
    that broke off goes on when the command is given again, and one that is complete is only
    verified: nothing is deployed twice unless --release asks for it. The deployer ends without
    any power.

    A local chain is one started by `make chain`, or by `anvil --accounts 20`; on a public network
    give an account that `ape accounts import` made and a --config.

    The manifest goes to .keel/ for a local chain, to deployments/ for a public one.
    """
    from rich.console import Console

    from keel.chain.rpc import RpcClient
    from keel.chain.state import chain_id
    from keel.deploy.command import DeployRequest, run_deploy
    from keel.terminal.connection import account_on, on_network

    request = DeployRequest(config_path, profile, release, dry_run)
    with on_network(network) as url:
        account = account_on(chain_id(RpcClient(url)), account_name)
        run_deploy(account, request, Console())
