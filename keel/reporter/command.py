"""`keel-reporter`: one member of the oracle's committee."""

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from keel.chain.errors import ChainError
from keel.formatting.commands import Integer
from keel.formatting.lines import print_line
from keel.reporter.assembly import open_peers, open_reporter, open_slots
from keel.reporter.assessment import assess_slot
from keel.reporter.checks import check_all
from keel.reporter.explain import explanation, explanation_json, validators_tables
from keel.reporter.journal import Journal, leaves_finder
from keel.reporter.service import Reporter
from keel.reporter.settings import ENVIRONMENT_PREFIX, ReporterSettings
from keel.service.command_line import ServiceCommands, config_option, warn
from keel.service.layers import open_layers
from keel.service.logs import Log
from keel.service.loop import run_loop
from keel.service.service import running_service
from keel.service.settings import load_settings
from keel.wallet.account import account_of, address_of

NAME = "reporter"
MOST_SLOT = 2**64 - 1
"""Slots are uint64."""

_config = config_option(ENVIRONMENT_PREFIX)
_WORDS = {
    (True, True): ("green", "ok  "),
    (True, False): ("green", "ok  "),
    (False, True): ("red", "FAIL"),
    (False, False): ("yellow", "away"),
}
"""How a finding is marked, by whether it is well and whether it is needed."""


_EXAMPLES = """\b
Examples:
  keel-reporter check --config FILE         is everything there?
  keel-reporter explain SLOT --config FILE  how a report is computed
  keel-reporter run --config FILE           work, until SIGTERM or Ctrl-C
"""


@click.group(cls=ServiceCommands, epilog=_EXAMPLES)
def cli() -> None:
    """Report each frame of a Keel deployment, as one member of its oracle's committee.

    The reporter reads the beacon state of each final reference slot, and the contracts at its
    execution block. It computes the report from these two alone, signs it, and exchanges signatures
    with the other members over HTTP. When a quorum agrees, the members take turns to post it.

    A file needs `deployment` (Keel's manifest), `data` (a folder), `[network]` with `execution` and
    `beacon` addresses, and `[committee]` with `peers`. To sign, it also needs `dry_run = false`, a
    `[key]`, and `listen` in `[committee]`. Environment variables can set every key, for example
    KEEL_REPORTER_NETWORK__BEACON. Passwords are in files of their own. See docs/operations.md.
    """


@cli.command()
@_config
@click.option("--once", is_flag=True, help="Process the current head, then end.")
def run(config: Path | None, once: bool) -> None:
    """Work until SIGTERM or Ctrl-C; log lines go to stderr.

    With `dry_run = true`, the default, it builds, simulates and shows each report, and signs,
    serves and sends nothing. It can be killed at any time: it continues from the chain and the
    journal in `data`. Each process needs its own folder.
    """
    settings = load_settings(ReporterSettings, config)
    account = account_of(settings)
    with (
        running_service(NAME, settings, address_of(account)) as service,
        open_reporter(settings, service, account) as reporter,
    ):
        _refuse_another_network(reporter, service.log)
        run_loop(reporter.step, service, once=once)


@cli.command()
@click.argument("ref_slot", type=Integer(0, MOST_SLOT))
@_config
@click.option("--validators", is_flag=True, help="List every validator, operator by operator.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: integers as decimal strings.")
def explain(ref_slot: int, config: Path | None, validators: bool, as_json: bool) -> None:
    """Show how each number of the report of REF_SLOT is computed. Needs no key.

    The beacon nodes must still serve the slot's state, and the execution nodes its block. A
    slot that is not final can still change.
    """
    settings = load_settings(ReporterSettings, config)
    journal = Journal(settings.data)
    with (
        open_layers(settings, warn) as layers,
        open_peers(settings) as peers,
    ):
        layers.require_agreement()
        slots = open_slots(settings, layers, only_reads=True)
        find_leaves = leaves_finder(journal, peers, keep=False)
        if layers.beacon.finalised_slot() <= ref_slot:
            warn(f"slot {ref_slot}", "not final, it can still change")
        view = slots.read(ref_slot)
        assessment = assess_slot(view, find_leaves, settings.committee.rebuild_leaves_at)
    if as_json:
        click.echo(explanation_json(assessment, view, validators=validators))
        return
    console = Console(highlight=False)
    for part in explanation(assessment):
        if isinstance(part, Text):
            print_line(console, part)
        else:
            console.print(part)
    if validators:
        for table in validators_tables(view.consensus, view.protocol):
            console.print(table)


@cli.command()
@_config
def check(config: Path | None) -> None:
    """Check configuration, key and nodes; sends nothing.

    The exit code is 1 if anything is not as a reporter needs it. Peers that do not answer are shown
    but do not count.
    """
    settings = load_settings(ReporterSettings, config)
    console = Console()
    are_well = True
    for finding in check_all(settings, lambda: account_of(settings)):
        colour, word = _WORDS[finding.is_well, finding.is_needed]
        print_line(console, Text.assemble((word, colour), f" {finding.what}: {finding.text}"))
        are_well = are_well and (finding.is_well or not finding.is_needed)
    if not are_well:
        sys.exit(1)


def main() -> None:
    """Run the command line."""
    cli(prog_name="keel-reporter")


def _refuse_another_network(reporter: Reporter, log: Log) -> None:
    """Raise ManifestError for a wrong configuration; nodes that are away are waited for."""
    try:
        reporter.layers.require_agreement()
    except ChainError as error:
        log.warning("nodes.awaited", problem=str(error))
