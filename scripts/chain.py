"""`ape run chain`: keep a local Ethereum with Keel on it."""

import sys
from pathlib import Path

import click

from keel.terminal.options import examples


@click.command(
    epilog=examples(
        "chain",
        "chain --slot-time 12",
        "chain --port 9000 --beacon-port 9001",
    )
)
@click.option("--port", default=8545, show_default=True, help="Port of the RPC address; 0: any.")
@click.option(
    "--beacon-port", default=5052, show_default=True, help="Port of the Beacon API; 0: any."
)
@click.option(
    "--slot-time",
    type=click.IntRange(min=1, max=60),
    default=2,
    show_default=True,
    help="Seconds of a slot; a frame is 32 slots, and Keel's times and rates follow.",
)
@click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".keel/beacon"),
    show_default=True,
    help="Where `ape run beacon` finds the chain.",
)
@click.option(
    "--committee/--no-committee",
    "with_committee",
    default=True,
    show_default=True,
    help="Report each frame; without reports deposits close after three frames.",
)
def cli(port: int, beacon_port: int, slot_time: int, folder: Path, with_committee: bool) -> None:
    """Start Anvil and a beacon chain, deploy Keel, and keep them up until Ctrl-C.

    Prints the RPC address, that of the Beacon API, the contracts, the funded accounts by the part
    they play, and commands to try. Point any wallet or tool at them; a transaction waits for the
    next slot. The ABIs lie in .keel/abi/.
    """
    from rich.console import Console

    from keel.chain.errors import ChainError
    from keel.consensus.beacon.errors import BeaconError
    from keel.deploy.command import compiled
    from keel.deploy.errors import DeployError
    from keel.scenarios.running import Wish, run_chain

    try:
        wish = Wish(port, beacon_port, slot_time, folder, with_committee)
        run_chain(wish, compiled(), Console())
    except (BeaconError, ChainError, DeployError) as error:
        click.secho(f"keel: {error}", fg="red", err=True)
        sys.exit(1)
