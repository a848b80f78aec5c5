"""`keel-keeper run|plan|check --config FILE`."""

from pathlib import Path

import click
import orjson
from rich.console import Console

from keel.chain.endpoint import shown_address
from keel.keeper.chores import ether
from keel.keeper.plan import plan
from keel.keeper.plan_output import plan_document, plan_table
from keel.keeper.service import open_keeper, open_members, open_reader
from keel.keeper.settings import ENVIRONMENT_PREFIX, KeeperSettings
from keel.keeper.view import KeeperView
from keel.service.command_line import ServiceCommands, config_option, warn
from keel.service.layers import open_layers
from keel.service.loop import run_loop
from keel.service.service import running_service
from keel.service.settings import load_settings
from keel.wallet.account import account_of, address_of

_NAME = "keeper"
_config = config_option(ENVIRONMENT_PREFIX)


@click.group(cls=ServiceCommands)
def cli() -> None:
    """Do Keel's routine work.

    A keeper proves operators' keys, slashings and withdrawals, stakes deposits, posts reports that
    have a quorum, asks for exits when the queue needs them, repeats those that the beacon chain
    ignored, pays operators their rewards and bonds, and finalises tickets and winds down when the
    oracle is dead. Several keepers can run at the same time.
    """


def main() -> None:
    """Run the command line."""
    cli(prog_name="keel-keeper")


@cli.command()
@_config
@click.option("--once", is_flag=True, help="Process the current head, then end.")
def run(config: Path | None, *, once: bool) -> None:
    """Work at every head until SIGTERM or Ctrl-C.

    Sends nothing while `dry_run` is true, as it is by default.
    """
    settings = load_settings(KeeperSettings, config)
    account = account_of(settings)
    with (
        running_service(_NAME, settings, address_of(account)) as service,
        open_keeper(settings, service, account) as keeper,
    ):
        run_loop(keeper.step, service, once=once)


@cli.command("plan")
@_config
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_plan(config: Path | None, *, as_json: bool) -> None:
    """Show what would be done now, what would not, and why; sends nothing."""
    settings = load_settings(KeeperSettings, config)
    view, _ = _look(settings, address_of(account_of(settings)))
    found = plan(view)
    if as_json:
        click.echo(orjson.dumps(plan_document(view, found), option=orjson.OPT_INDENT_2))
    else:
        Console().print(plan_table(view, found))


@cli.command()
@_config
def check(config: Path | None) -> None:
    """Check configuration, key, nodes and members; sends nothing."""
    settings = load_settings(KeeperSettings, config)
    address = address_of(account_of(settings))
    click.echo("The configuration is valid.")
    view, silent = _look(settings, address)
    click.echo(f"The nodes agree on the chain of the manifest, at slot {view.head.slot}.")
    if address is not None:
        click.echo(f"{address} has {ether(view.caller.balance_wei)}.")
    for url, problem in silent.items():
        click.echo(f"Member {shown_address(url)}: {problem}.")
    click.echo("Dry run: nothing is sent." if settings.dry_run else "Ready to run.")


def _look(settings: KeeperSettings, address: str | None) -> tuple[KeeperView, dict[str, str]]:
    """What a keeper would see now, and what is wrong with members, by url."""
    with open_layers(settings, warn) as layers, open_members(settings) as members:
        layers.require_agreement()
        reader = open_reader(settings, layers, members, address, only_reads=True)
        view = reader.read(reader.head_slot(layers.rpc.agreed_head()), is_once=True)
        members.operators(bytes(32))  # asked only to hear whether they answer
        return view, dict(members.problems)
