"""`ape run report`: let a local chain's committee report."""

from pathlib import Path

import click

from keel.terminal.options import chain_options, examples


@click.command(epilog=examples("report", "report --pay-rewards"))
@click.option(
    "--beacon",
    "beacon_url",
    default="http://127.0.0.1:5052",
    show_default=True,
    help="Beacon API of the chain.",
)
@click.option("--pay-rewards", is_flag=True, help="Claim operators' rewards afterwards.")
@chain_options
def cli(beacon_url: str, pay_rewards: bool, network: str, manifest_path: Path | None) -> None:
    """Report the newest final frame: all members sign what the beacon state says, one posts it.

    For local chains, whose members' keys everybody knows. A chain of `make chain` reports by
    itself unless it was started with --no-committee; then this command counts the books only.
    """
    from keel.consensus.beacon.errors import BeaconError
    from keel.scenarios.reporting_once import report_once
    from keel.terminal.answers import console
    from keel.terminal.connection import connected
    from keel.terminal.faults import Fault

    with connected(network, manifest_path) as connection:
        try:
            report_once(connection, beacon_url, console(), pay_rewards=pay_rewards)
        except BeaconError as error:
            raise Fault(str(error)) from error
