"""`keel-reporter`: one member of the oracle's committee."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from eth_account.signers.local import LocalAccount
from rich.console import Console

from keel.chain.errors import ChainError
from keel.deploy.errors import DeployError
from keel.reporter.building import Builder, LeavesMissingError
from keel.reporter.checking import check_all
from keel.reporter.explain import explanation, validators_tables
from keel.reporter.explain_json import explanation_json
from keel.reporter.journal import Journal, JournalError
from keel.reporter.layers import open_layers
from keel.reporter.service import Reporter
from keel.reporter.settings import ENVIRONMENT_PREFIX, ReporterSettings
from keel.reporter.wiring import leaves_finder, open_peers, open_reporter
from keel.service.errors import ServiceError
from keel.service.logs import Log, open_log
from keel.service.loop import run_loop
from keel.service.service import running_service
from keel.service.settings import load_settings
from keel.serving import ListenError
from keel.wallet.account import open_account
from keel.wallet.errors import WalletError

NAME = "reporter"
_MENDABLE = (
    ChainError, DeployError, JournalError, LeavesMissingError, ListenError, ServiceError,
    WalletError,
)  # fmt: skip

_config = click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    envvar=f"{ENVIRONMENT_PREFIX}CONFIG",
    help="TOML file; without it everything comes from the environment.",
)


@click.group()
def cli() -> None:
    r"""Report each frame of a Keel deployment, as one member of its oracle's committee.

    The reporter reads the beacon state of each reference slot when it is final, and the contracts
    at its execution block; from the two alone the report follows. It signs it, trades signatures
    with the other members over HTTP, and when a quorum agrees the members post it in turn.

    \b
    keel-reporter check   --config FILE    is everything there that it needs?
    keel-reporter explain SLOT --config FILE    how each number of a report comes about
    keel-reporter run     --config FILE    work, until SIGTERM or Ctrl-C

    A file needs `deployment` (Keel's manifest), `data` (a folder), `[network]` with `execution` and
    `beacon` addresses, and for signing `dry_run = false`, a `[key]` and `[committee]` with `listen`
    and `peers`. Every key may come from the environment instead: KEEL_REPORTER_NETWORK__BEACON is
    `beacon` of `[network]`. Secrets stand in files of their own. docs/operations.md has it all.
    """


@cli.command()
@_config
@click.option("--once", is_flag=True, help="Work through the present head and end.")
def run(config: Path | None, once: bool) -> None:
    """Work until SIGTERM or Ctrl-C; log lines go to stderr.

    With `dry_run = true`, the default, it builds, simulates and shows each report, and signs,
    serves and sends nothing. It may be killed at any instant: what to do next follows from the
    chain and the journal in `data`. One folder serves one process.
    """
    settings = _settings(config)
    account = _account(settings)
    address = None if account is None else account.address
    with (
        running_service(NAME, settings, address) as service,
        open_reporter(settings, service, account) as reporter,
    ):
        _refuse_another_network(reporter, service.log)
        run_loop(reporter.step, service, once=once)


@cli.command()
@click.argument("ref_slot", type=click.IntRange(min=0))
@_config
@click.option("--validators", is_flag=True, help="List every validator, operator by operator.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: integers as decimal strings.")
def explain(ref_slot: int, config: Path | None, validators: bool, as_json: bool) -> None:
    """Show how each number of the report of REF_SLOT comes about. Needs no key.

    Any slot will do whose state the beacon nodes still serve, and whose block the execution nodes
    still know; a slot that is not final may yet change.
    """
    settings = _settings(config)
    journal = Journal(settings.data)
    with (
        open_layers(settings, _warn) as layers,
        open_peers(settings) as peers,
    ):
        layers.require_agreement()
        builder = Builder(
            layers.beacon,
            layers.bindings,
            layers.manifest.block,
            leaves_finder(journal, peers, keep=False),
            settings.committee.rebuild_leaves_at,
        )
        if layers.beacon.finalised_slot() <= ref_slot:
            _warn(f"slot {ref_slot}", "not final, it may yet change")
        sight = builder.see(ref_slot)
        assessment = builder.assess(sight)
    if as_json:
        click.echo(explanation_json(assessment, sight, validators=validators))
        return
    console = Console(soft_wrap=not sys.stdout.isatty())
    for part in explanation(assessment):
        console.print(part, highlight=False)
    if validators:
        for table in validators_tables(sight.consensus, sight.protocol):
            console.print(table, highlight=False)


@cli.command()
@_config
def check(config: Path | None) -> None:
    """Read configuration, key and nodes, and say whether all is well; sends nothing.

    The exit code is 1 when anything is not as a reporter needs it.
    """
    settings = _settings(config)
    console = Console(soft_wrap=True)
    are_well = True
    for finding in check_all(settings, lambda: _account(settings)):
        colour, word = ("green", "ok  ") if finding.is_well else ("red", "FAIL")
        console.print(f"[{colour}]{word}[/] {finding.what}: ", end="", highlight=False)
        console.print(finding.text, highlight=False, markup=False)
        are_well = are_well and finding.is_well
    if not are_well:
        sys.exit(1)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; what a person can mend is one line and exit code 1."""
    _one_line(lambda: cli.main(args=arguments, prog_name="keel-reporter"))


def _one_line(command: Callable[[], Any]) -> None:
    try:
        command()
    except _MENDABLE as error:
        click.echo(f"Error: {str(error).strip().partition(chr(10))[0]}", err=True)
        sys.exit(1)


def _settings(config: Path | None) -> ReporterSettings:
    return load_settings(ReporterSettings, config, ENVIRONMENT_PREFIX)


def _account(settings: ReporterSettings) -> LocalAccount | None:
    if settings.key is None:
        return None
    return open_account(settings.key, open_log(settings.log, NAME))


def _refuse_another_network(reporter: Reporter, log: Log) -> None:
    """Raise ManifestError for a wrong configuration; nodes that are away are waited for."""
    try:
        reporter.layers.require_agreement()
    except ChainError as error:
        log.warning("nodes.awaited", problem=str(error))


def _warn(where: str, problem: str) -> None:
    click.echo(f"{where}: {problem}", err=True)
