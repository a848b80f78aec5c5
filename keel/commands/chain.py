"""`ape run chain`: keep a local Ethereum with Keel on it."""

import signal
import sys
from pathlib import Path

import click

from keel.formatting.commands import Command, Integer
from keel.terminal.options import PORT, DataFolder, data_option, examples, rpc_options

DEFAULT_SLOT_SECONDS = 1
"""A validator is active after some 80 slots, and kETH grows after at most 150."""


@click.command(
    cls=Command,
    epilog=examples(
        "chain",
        "chain --slot-time 12",
        "chain --mine instant",
        "chain --reporters 3 --keepers 2",
        "chain --state my-chain",
        "chain --state my-chain --demo",
        "chain --port 9000 --beacon-port 9001 --page-port 9002",
    ),
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
    type=Integer(min=1, max=60),
    show_default=f"{DEFAULT_SLOT_SECONDS}, or that of --state",
    help="Seconds per slot. A frame is 32 slots; Keel's times and rates scale with it.",
)
@data_option
@click.option(
    "--state",
    type=DataFolder(),
    help="Folder that keeps the chain: saved at the end, gone on with at the next start.",
)
@click.option(
    "--demo",
    is_flag=True,
    help="Where --state holds no chain: begin with active validators, reports and tickets.",
)
@click.option(
    "--reporters",
    type=Integer(min=0, max=5),
    default=5,
    show_default=True,
    help="How many of the five oracle members run. Three must agree. Without reports, deposits "
    "close after three frames.",
)
@click.option(
    "--keepers",
    type=Integer(0, 10),
    default=1,
    show_default=True,
    help="How many keepers run. Only the first has roles; the others do what anybody may do.",
)
@click.option(
    "--page-port",
    type=PORT,
    default=8600,
    show_default=True,
    help="Port of the page in a browser; 0: any.",
)
@click.option(
    "--page/--no-page", "with_page", default=True, show_default=True, help="Serve the page."
)
@click.option(
    "--monitor/--no-monitor",
    "with_monitor",
    default=True,
    show_default=True,
    help="Run a monitor, whose alarms the page shows.",
)
@click.option("--fast", is_flag=True, help="Do not verify the chain's own signatures again.")
@rpc_options
def cli(
    *,
    port: int,
    beacon_port: int,
    slot_time: int | None,
    folder: Path,
    state: Path | None,
    demo: bool,
    reporters: int,
    keepers: int,
    page_port: int,
    with_page: bool,
    with_monitor: bool,
    fast: bool,
    mining: str,
    allowed_origins: tuple[str, ...],
) -> None:
    """Start Anvil, a beacon chain and Keel, with its services and a page, until Ctrl-C.

    Prints the addresses of the RPC, the Beacon API, the page and the contracts, the funded
    accounts and their roles, and commands to try. After that it prints one line for each event.

    Any wallet or tool can use the RPC address. A transaction is included in the next slot, or at
    once with `--mine instant`. Snapshots, reverts and time jumps through the RPC address also move
    the beacon chain. `beacon until` fast-forwards both.

    With --state the chain is saved when it ends, and the next start goes on at its next slot: the
    chain's clock stands still in between. With --demo a new one plays its first minutes fast and is
    saved before it goes on: users deposit, validators become active, and kETH grows.

    The ABIs are in .keel/abi/. Keys, journals and logs of the processes are in the folder `circle`
    next to --data.
    """
    from rich.console import Console

    from keel.deploy.command import compiled
    from keel.errors import KeelError
    from keel.scenarios.chain_run import run_chain
    from keel.scenarios.startup import EndedEarlyError
    from keel.scenarios.wish import Wish

    if demo and state is None:
        raise click.UsageError("--demo needs --state FOLDER, where the chain is kept.")
    try:
        wish = Wish(
            port=port,
            beacon_port=beacon_port,
            page_port=page_port if with_page else None,
            slot_seconds=slot_time,
            new_slot_seconds=DEFAULT_SLOT_SECONDS,
            folder=folder,
            state=state,
            demo=demo,
            reporters=reporters,
            keepers=keepers,
            with_monitor=with_monitor,
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
