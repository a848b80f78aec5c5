"""`ape run chain`: keep a local Ethereum with Keel on it."""

import signal
import sys
from pathlib import Path

import click

from keel.terminal.options import PORT, data_option, examples, rpc_options


@click.command(
    epilog=examples(
        "chain",
        "chain --slot-time 12",
        "chain --mine instant",
        "chain --reporters 3 --keepers 2",
        "chain --port 9000 --beacon-port 9001 --page-port 9002",
    )
)
@click.option(
    "--port", type=PORT, default=8545, show_default=True, help="Port of the RPC address; 0: any."
)
@click.option(
    "--beacon-port",
    type=PORT,
    default=5052,
    show_default=True,
    help="Port of the Beacon API; 0: any.",
)
@click.option(
    "--slot-time",
    type=click.IntRange(min=1, max=60),
    default=2,
    show_default=True,
    help="Seconds of a slot; a frame is 32 slots, and Keel's times and rates follow.",
)
@data_option
@click.option(
    "--reporters",
    type=click.IntRange(min=0, max=5),
    default=5,
    show_default=True,
    help="How many of the five oracle members run; three agree. Without reports deposits close "
    "after three frames.",
)
@click.option(
    "--keepers",
    type=click.IntRange(0, 10),
    default=1,
    show_default=True,
    help="How many keepers run; the second and later ones hold no role and do what anybody may.",
)
@click.option(
    "--page-port",
    type=PORT,
    default=8600,
    show_default=True,
    help="Port of the page in a browser; 0: any.",
)
@click.option("--page/--no-page", "with_page", default=True, show_default=True, help="Serve it.")
@click.option("--fast", is_flag=True, help="Do not verify the chain's own signatures again.")
@rpc_options
def cli(
    *,
    port: int,
    beacon_port: int,
    slot_time: int,
    folder: Path,
    reporters: int,
    keepers: int,
    page_port: int,
    with_page: bool,
    fast: bool,
    mining: str,
    allowed_origins: tuple[str, ...],
) -> None:
    """Start Anvil, a beacon chain and Keel, with reporters and a keeper, until Ctrl-C.

    Prints the RPC address, that of the Beacon API and of a page for the browser, the contracts,
    the funded accounts by the part they play, and commands to try; then a line for whatever
    happens. Point any wallet or tool at it; a transaction waits for the next slot, unless it is to
    be mined at once. Snapshots, reverts and time jumps asked of the RPC address move the beacon
    chain too; `beacon until` fast-forwards. The ABIs lie in
    .keel/abi/, keys, journals and logs of the processes in the folder `circle` next to --data.
    """
    from rich.console import Console

    from keel.deploy.command import compiled
    from keel.errors import KeelError
    from keel.scenarios.running import Wish, run_chain
    from keel.scenarios.starting import EndedEarlyError

    try:
        wish = Wish(
            port=port,
            beacon_port=beacon_port,
            page_port=page_port if with_page else None,
            slot_seconds=slot_time,
            folder=folder,
            reporters=reporters,
            keepers=keepers,
            fast=fast,
            mines_at_once=mining == "instant",
            allowed_origins=allowed_origins,
        )
        run_chain(wish, compiled, Console())
    except EndedEarlyError as error:
        click.echo(f"keel: {error}", err=True)
        sys.exit(128 + signal.SIGINT)
    except KeelError as error:
        click.secho(f"keel: {error}", fg="red", err=True)
        sys.exit(1)
