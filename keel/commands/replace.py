"""`ape run replace`: another oracle, fund or verifier of proofs for a deployment."""

from pathlib import Path

import click

from keel.formatting.commands import Command
from keel.terminal.options import account_option, chain_options, examples


@click.command(
    cls=Command,
    epilog=examples(
        "replace fund --label 2",
        "replace oracle --label 2 --config hoodi.toml",
    ),
)
@click.argument("module", type=click.Choice(["oracle", "fund", "proofs"]))
@click.option(
    "--label",
    required=True,
    help="Tells the new one from earlier ones with the same parameters, for example 2.",
)
@chain_options
@account_option("deployer")
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The deployment's TOML file with other members, quorum or parameters of this module. "
    "Without it they stay as they are.",
)
def cli(
    *,
    module: str,
    label: str,
    network: str,
    manifest_path: Path | None,
    account_name: str,
    config_path: Path | None,
) -> None:
    """Replace the oracle, the insurance fund or the verifier of proofs of a deployment.

    Run it twice. The first time it deploys the new module, and prints the calls that governance
    has to schedule and, after their delays, execute. Any account can pay for that; for a fund it
    also pays 1 ETH for good, as a deployment does. After the last call run it again with the same
    options: it writes the manifest and verifies.

    The address follows from the code and its parameters, so an interrupted run goes on. Replace
    one module after the other: each change names all three.
    """
    from rich.console import Console

    from keel.chain.rpc import RpcClient
    from keel.chain.state import chain_id
    from keel.deploy.replacement_command import ReplaceRequest, run_replace
    from keel.terminal.connection import account_on, on_network

    if not label:
        raise click.BadParameter("a name of at least one character", param_hint="'--label'")
    request = ReplaceRequest(module, label, config_path, manifest_path)
    with on_network(network) as url:
        account = account_on(chain_id(RpcClient(url)), account_name)
        run_replace(account, request, Console())
