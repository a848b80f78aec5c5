"""`keel-keeper run|plan|check --config FILE`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import orjson
from eth_account.signers.local import LocalAccount
from rich.console import Console

from keel.chain.errors import ChainError
from keel.deploy.errors import DeployError
from keel.keeper.beacon_reading import StateBehindError
from keel.keeper.chores import ether
from keel.keeper.plan import plan
from keel.keeper.service import open_keeper, open_reader
from keel.keeper.settings import ENVIRONMENT_PREFIX, KeeperSettings
from keel.keeper.showing import plan_document, plan_table
from keel.keeper.sources import open_sources
from keel.keeper.view import KeeperView
from keel.service.errors import ServiceError
from keel.service.logs import open_log
from keel.service.loop import run_loop
from keel.service.service import running_service
from keel.service.settings import load_settings
from keel.serving import ListenError
from keel.wallet.account import open_account
from keel.wallet.errors import WalletError

_NAME = "keeper"
_FAULTS = (
    ChainError,
    DeployError,
    ServiceError,
    StateBehindError,
    WalletError,
    ListenError,
    OSError,
)

config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar=f"{ENVIRONMENT_PREFIX}CONFIG",
    help="TOML file; variables KEEL_KEEPER_SECTION__KEY of the environment stand over it.",
)


@click.group()
def cli() -> None:
    """Do the chores that anybody may do for Keel.

    A keeper stakes what was deposited, posts reports that have a quorum, asks for exits when the
    queue needs them, repeats those that the beacon chain ignored, pays operators their rewards,
    and, when the oracle is dead, finalises tickets. Several keepers do no harm to each other.
    """


def main() -> None:
    """Run the command line."""
    cli(prog_name="keel-keeper")


@cli.command()
@config_option
@click.option("--once", is_flag=True, help="Work through the present head, then end.")
def run(config: Path | None, *, once: bool) -> None:
    """Work at every head until SIGTERM or Ctrl-C.

    Sends nothing while `dry_run` is true, as it is by default.
    """
    with _faults_in_one_line():
        settings = load_settings(KeeperSettings, config, ENVIRONMENT_PREFIX)
        account = _account(settings)
        address = None if account is None else account.address
        with (
            running_service(_NAME, settings, address) as service,
            open_keeper(settings, service, account) as keeper,
        ):
            run_loop(keeper.step, service, once=once)


@cli.command("plan")
@config_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def show_plan(config: Path | None, *, as_json: bool) -> None:
    """Show what would be done now and why, and what not and why; sends nothing."""
    with _faults_in_one_line():
        settings = load_settings(KeeperSettings, config, ENVIRONMENT_PREFIX)
        account = _account(settings)
        address = None if account is None else account.address
        with open_sources(settings, _warn) as sources:
            sources.require_agreement()
            reader = open_reader(sources, settings, address)
            view = reader.read(reader.head_slot(sources.rpc.agreed_head()))
        found = plan(view)
    if as_json:
        click.echo(orjson.dumps(plan_document(view, found), option=orjson.OPT_INDENT_2))
    else:
        Console().print(plan_table(view, found))


@cli.command()
@config_option
def check(config: Path | None) -> None:
    """Read configuration, key, nodes and members, and say whether all is well."""
    with _faults_in_one_line():
        settings = load_settings(KeeperSettings, config, ENVIRONMENT_PREFIX)
        click.echo("The configuration can be used.")
        account = _account(settings)
        address = None if account is None else account.address
        with open_sources(settings, _warn) as sources:
            sources.require_agreement()
            reader = open_reader(sources, settings, address)
            view = reader.read(reader.head_slot(sources.rpc.agreed_head()))
            click.echo(f"The nodes agree on the chain of the manifest, at slot {view.head.slot}.")
            sources.peers.operators(bytes(32))  # asked only to hear whether they answer
            silent = dict(sources.peers.problems)
    if address is not None:
        click.echo(f"{address} has {ether(view.caller.balance_wei)} and holds {_roles(view)}.")
    for url, problem in silent.items():
        click.echo(f"Member {url}: {problem}.")
    click.echo("Dry run: nothing is sent." if settings.dry_run else "It may run.")


def _roles(view: KeeperView) -> str:
    held = {"STAKER": view.caller.may_stake, "EXITER": view.caller.may_exit}
    return " and ".join(name for name, holds in held.items() if holds) or "no role"


def _account(settings: KeeperSettings) -> LocalAccount | None:
    if settings.key is None:
        return None
    return open_account(settings.key, open_log(settings.log, _NAME))


def _warn(url: str, problem: str) -> None:
    click.echo(f"{url}: {problem}", err=True)


@contextmanager
def _faults_in_one_line() -> Iterator[None]:
    """Turn what a person can mend into one line and exit code 1."""
    try:
        yield
    except _FAULTS as error:
        raise click.ClickException(str(error)) from error
