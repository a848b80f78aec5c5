"""`ape run beacon start`: Anvil and the beacon chain in the foreground, until a signal."""

import signal
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from keel.chain.anvil import start_anvil
from keel.consensus.beacon.chain import BeaconChain, start_chain
from keel.consensus.beacon.config import ChainConfig, anvil_options
from keel.consensus.beacon.control.desk import Desk
from keel.consensus.beacon.control.errands import Errands
from keel.consensus.beacon.control.server import serve, socket_path
from keel.consensus.beacon.disk import (
    load_chain,
    load_config,
    recover_folder,
    require_own_contents,
    save_chain,
)
from keel.consensus.beacon.execution import mine_at_once
from keel.consensus.beacon.outcome import SlotOutcome
from keel.consensus.gateway.server import serving_rpc
from keel.consensus.gateway.steering import Steering
from keel.formatting.lines import print_line


@dataclass(frozen=True)
class Start:
    """`manual`: slots pass on command only. `config` serves where the folder holds no chain.

    `mines_at_once`: transactions wait for no slot. Pages of `allowed_origins` may use the chain.
    """

    folder: Path
    port: int
    config: ChainConfig
    manual: bool
    fresh: bool
    mines_at_once: bool = False
    allowed_origins: tuple[str, ...] = ()


def run_beacon(start: Start, console: Console) -> None:
    """Begin a chain or go on with the folder's, serve it, and save it at the end."""
    socket_path(start.folder)
    recover_folder(start.folder)
    require_own_contents(start.folder)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with ExitStack() as stack:
        chain = _open(start, stack)

        def show(outcome: SlotOutcome) -> None:
            _show(chain, outcome, console)

        errands = Errands()
        steering = Steering(chain, start.mines_at_once, show, stop.is_set)
        desk = Desk(chain, start.folder)
        desk.rpc_url = stack.enter_context(
            serving_rpc(steering, start.port, errands.ask, start.allowed_origins)
        )
        stack.enter_context(errands)
        if start.mines_at_once:
            mine_at_once(chain.rpc)
        _introduce(desk.rpc_url, chain, start, console)
        seconds = None if start.manual else float(chain.config.slot_seconds)
        serve(desk, stop.is_set, seconds, show, errands)
        save_chain(chain, start.folder)
    told = f"The chain has ended at slot {chain.slot}; it is kept in {start.folder}."
    print_line(console, told)


def _open(start: Start, stack: ExitStack) -> BeaconChain:
    goes_on = (start.folder / "chain.json").is_file() and not start.fresh
    config = load_config(start.folder) if goes_on else start.config
    anvil = stack.enter_context(start_anvil(anvil_options(config)))
    return load_chain(start.folder, anvil.rpc) if goes_on else start_chain(anvil.rpc, config)


def _introduce(rpc_url: str, chain: BeaconChain, start: Start, console: Console) -> None:
    config = chain.config
    print_line(
        console,
        f"[bold]RPC address: {rpc_url}[/]   chain id {config.chain_id}\n"
        f"{config.fork}, {config.preset} preset, {len(chain.state.validators)} validators, "
        f"slots of {config.slot_seconds} s{', on command only' if start.manual else ''}; "
        f"head at slot {chain.slot}",
        markup=True,
    )
    if not config.verify_own_signatures:
        console.print(
            "[yellow]Fast mode[/]: signatures are real, but the chain's own are not verified again."
        )
    console.print("Control it with `keel beacon` in another terminal. Ctrl-C ends and saves it.")


def _show(chain: BeaconChain, outcome: SlotOutcome, console: Console) -> None:
    if outcome.realigned is not None:
        print_line(console, Text(outcome.realigned, "yellow"))
    if outcome.root is None:
        what = f"[yellow]missed[/], {outcome.missed}"
    else:
        what = f"0x{outcome.root.hex()[:8]}, block {outcome.block_number}"
        if outcome.transactions:
            what += f", {outcome.transactions} transactions"
    console.print(
        f"slot {outcome.slot}, epoch {chain.epoch}, finalised {chain.finalised_epoch}: {what}",
        highlight=False,
    )
