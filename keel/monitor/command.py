"""`keel-monitor run|check --config FILE`."""

from pathlib import Path

import click
from rich.console import Console

from keel.formatting.tables import plain_table
from keel.monitor.alarms import judge
from keel.monitor.reader import MonitorReader
from keel.monitor.service import open_monitor, watched
from keel.monitor.settings import ENVIRONMENT_PREFIX, MonitorServiceSettings
from keel.service.command_line import ServiceCommands, config_option, warn
from keel.service.layers import open_layers
from keel.service.logs import open_log
from keel.service.loop import run_loop
from keel.service.service import running_service
from keel.service.settings import load_settings
from keel.sight.market.places import MarketPart

_NAME = "monitor"
_config = config_option(ENVIRONMENT_PREFIX)


@click.group(cls=ServiceCommands)
def cli() -> None:
    """Watch Keel, and say when somebody should look.

    A monitor watches the queue, reports, income, fees, insurance, concentration, governance,
    prices and the market that the manifest names, by thresholds in its configuration. It shows
    alarms like reporters and keepers do, and tells a webhook of them. It has no key and sends no
    transaction.
    """


def main() -> None:
    """Run the command line."""
    cli(prog_name="keel-monitor")


@cli.command()
@_config
@click.option("--once", is_flag=True, help="Process the current head, then end.")
def run(config: Path | None, *, once: bool) -> None:
    """Watch every head until SIGTERM or Ctrl-C."""
    settings = load_settings(MonitorServiceSettings, config)
    with (
        running_service(_NAME, settings) as service,
        open_monitor(settings, service) as monitor,
    ):
        run_loop(monitor.step, service, once=once)


@cli.command()
@_config
def check(config: Path | None) -> None:
    """Check configuration and nodes, and show every alarm as it would stand now."""
    settings = load_settings(MonitorServiceSettings, config)
    told = settings.webhook.address() is not None
    click.echo("The configuration is valid.")
    with open_layers(settings, warn) as layers:
        layers.require_agreement()
        watch = watched(settings, layers)
        log = open_log(settings.log, _NAME)
        places = MarketPart(settings.deployment).places
        reader = MonitorReader(layers, watch, settings.data, log, places, only_reads=True)
        reading = reader.read()
    table = plain_table("alarm", "now")
    for name, text in judge(reading, watch).items():
        table.add_row(name, text or "-")
    Console(highlight=False).print(table)
    click.echo("Alarms are told to the webhook." if told else "There is no webhook.")
