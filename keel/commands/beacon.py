"""`ape run beacon`: a real beacon chain on this machine, and its control."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from keel.consensus.beacon.control.limits import MOST_SLOTS, MOST_VALIDATORS
from keel.formatting.commands import Commands, Integer
from keel.terminal.options import (
    PORT,
    Address,
    Ether,
    data_option,
    examples,
    password_options,
    rpc_options,
)

WEI_PER_GWEI = 10**9
_GWEI_DECIMALS = 9

_EVENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "active": ("reach_goal", {"goal": "active"}),
    "paid": ("reach_goal", {"goal": "paid"}),
    "epoch": ("epoch", {"count": 1}),
    "finality": ("finality", {"slot": None}),
}
_EVENTS_OF_ONE = ("activation", "withdrawal")

type Command = Callable[..., Any]

_indices = click.argument("indices", type=Integer(min=0), nargs=-1, required=True)
_index = click.argument("index", type=Integer(min=0))
_slots = click.argument("slots", type=Integer(1, MOST_SLOTS))


def _asking(command: Command) -> Command:
    """Add --data, and send what the command returns: the name and arguments to ask with."""

    @data_option
    @wraps(command)
    def ask_chain(folder: Path, **options: Any) -> None:
        from rich.console import Console

        from keel.consensus.beacon.control.answers import ask_and_show

        name, arguments = command(**options)
        ask_and_show(folder, name, arguments, Console())

    return ask_chain


@click.group(
    cls=Commands,
    epilog=examples("beacon start --slot-time 2", "beacon run 64", "beacon slash double-vote 1 2"),
)
def cli() -> None:
    """Run a real beacon chain on Anvil, and control it.

    Run `start` in one terminal and the other commands in another. Ethereum's executable
    specification decides every rule; docs/consensus.md says what else is real.
    """


@cli.command(
    epilog=examples("beacon start", "beacon start --slot-time 2", "beacon start --manual --fast")
)
@data_option
@click.option(
    "--port", type=PORT, default=8545, show_default=True, help="Port of the RPC address; 0: any."
)
@click.option("--fork", type=click.Choice(["fulu", "electra"]), default="fulu", show_default=True)
@click.option(
    "--preset", type=click.Choice(["minimal", "mainnet"]), default="minimal", show_default=True
)
@click.option("--validators", type=Integer(1, MOST_VALIDATORS), default=64, show_default=True)
@click.option(
    "--compounding",
    type=Integer(0, MOST_VALIDATORS),
    default=0,
    show_default=True,
    help="How many of them have 0x02 credentials.",
)
@click.option(
    "--slot-time",
    type=Integer(1, 3_600),
    default=12,
    show_default=True,
    help="In seconds.",
)
@click.option(
    "--genesis-time",
    type=Integer(1, 2**32 - 1),
    help="Unix time of slot 0; by default now.",
)
@click.option("--manual", is_flag=True, help="Let slots pass on command only, not by the clock.")
@click.option("--fast", is_flag=True, help="Do not verify the chain's own signatures again.")
@click.option("--fresh", is_flag=True, help="Start a new chain even if the folder has one.")
@rpc_options
def start(
    *,
    folder: Path,
    port: int,
    slot_time: int,
    compounding: int,
    fast: bool,
    manual: bool,
    fresh: bool,
    mining: str,
    allowed_origins: tuple[str, ...],
    **options: Any,
) -> None:
    """Start Anvil and a beacon chain, or continue the saved one; Ctrl-C saves and ends it."""
    from rich.console import Console

    from keel.consensus.beacon.config import ChainConfig
    from keel.consensus.beacon.control.answers import one_line_faults
    from keel.scenarios.beacon_run import Start, run_beacon

    with one_line_faults():
        config = ChainConfig(
            slot_seconds=slot_time,
            compounding_validators=compounding,
            verify_own_signatures=not fast,
            **options,
        )
        at_once = mining == "instant"
        wish = Start(folder, port, config, manual, fresh, at_once, allowed_origins)
        run_beacon(wish, Console())


@cli.command()
@_asking
def status() -> tuple[str, dict[str, Any]]:
    """Show head, finality, and what is unusual."""
    return "status", {}


@cli.command()
@_index
@_asking
def validator(index: int) -> tuple[str, dict[str, Any]]:
    """Show validator INDEX as it is in the state."""
    return "validator", {"index": index}


@cli.command()
@_slots
@_asking
def run(slots: int) -> tuple[str, dict[str, Any]]:
    """Let SLOTS pass, as fast as possible."""
    return "run", {"slots": slots}


@cli.command(
    epilog=examples(
        "beacon until active",
        "beacon until paid",
        "beacon until slot 500",
        "beacon until finality",
        "beacon until activation 0x8f3c",
    )
)
@click.argument("event", type=click.Choice([*_EVENTS, *_EVENTS_OF_ONE, "slot"]), metavar="EVENT")
@click.argument("which", required=False)
@_asking
def until(event: str, which: str | None) -> tuple[str, dict[str, Any]]:
    """Fast-forward to an EVENT, as fast as reporters and keepers can follow.

    active: all deposits are active validators. paid: all tickets are paid (without Keel: all
    exiting validators). epoch: the next epoch starts. finality: the current slot is final. slot:
    slot number WHICH. activation, withdrawal: of the validator whose public key is, or starts
    with, WHICH.

    Ctrl-C stops the fast-forward, and the chain continues from there.
    """
    if event in _EVENTS:
        if which is not None:
            raise click.UsageError(f"{event} {which}: {event} takes no argument.")
        return _EVENTS[event]
    if which is None:
        if event == "slot":
            raise click.UsageError("Which slot? Give its number.")
        raise click.UsageError(f"{event} of which validator? Give its public key.")
    if event == "slot":
        if not which.isdecimal() or len(which) > 12:
            raise click.UsageError(f"slot {which!r}: a whole number expected.")
        return "to_slot", {"slot": int(which)}
    return event, {"pubkey": which}


@cli.command()
@_indices
@_asking
def offline(indices: tuple[int, ...]) -> tuple[str, dict[str, Any]]:
    """Let validators INDICES stop attesting and proposing."""
    return "offline", {"indices": list(indices)}


@cli.command()
@click.argument("indices", type=Integer(min=0), nargs=-1)
@_asking
def online(indices: tuple[int, ...]) -> tuple[str, dict[str, Any]]:
    """Bring validators INDICES back; without any, all of them."""
    return "online", {"indices": list(indices)}


@cli.command("stop-finality")
@_asking
def stop_finality() -> tuple[str, dict[str, Any]]:
    """Take just over a third of the stake offline; `online` brings it back."""
    return "stop_finality", {}


@cli.command()
@_slots
@_asking
def miss(slots: int) -> tuple[str, dict[str, Any]]:
    """Make no block in the next SLOTS; they still have to pass."""
    return "miss", {"slots": slots}


@cli.command(epilog=examples("beacon slash double-proposal 3", "beacon slash double-vote 4 5 6 7"))
@click.argument(
    "offence",
    type=click.Choice(["double-proposal", "double-vote", "surround-vote"]),
    metavar="OFFENCE",
)
@_indices
@_asking
def slash(offence: str, indices: tuple[int, ...]) -> tuple[str, dict[str, Any]]:
    """Make validators INDICES commit an OFFENCE; the next blocks include the proof.

    OFFENCE is double-proposal, double-vote or surround-vote. If many are slashed together, each
    also pays the correlation penalty 32 epochs later.
    """
    return "slash", {"offence": offence, "indices": list(indices)}


@cli.command("exit")
@_index
@click.option(
    "--by-owner", is_flag=True, help="Send the request from its withdrawal address (EIP-7002)."
)
@_asking
def leave(index: int, by_owner: bool) -> tuple[str, dict[str, Any]]:
    """Ask for the exit of validator INDEX, signed with its own key."""
    return "leave", {"index": index, "by_owner": by_owner}


@cli.command()
@_index
@click.argument("amount", type=Ether(_GWEI_DECIMALS))
@_asking
def withdraw(index: int, amount: int) -> tuple[str, dict[str, Any]]:
    """Ask to withdraw AMOUNT of ETH above 32 from compounding validator INDEX (EIP-7002)."""
    return "withdraw", {"index": index, "amount_gwei": amount // WEI_PER_GWEI}


@cli.command()
@click.argument("source", type=Integer(min=0))
@click.argument("target", type=Integer(min=0))
@_asking
def consolidate(source: int, target: int) -> tuple[str, dict[str, Any]]:
    """Ask to move SOURCE's balance to TARGET (EIP-7251). The same index makes it compounding."""
    return "consolidate", {"source": source, "target": target}


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
@_asking
def deposit(file: Path) -> tuple[str, dict[str, Any]]:
    """Send all deposits in a deposit data FILE from Anvil's first account."""
    from keel.consensus.beacon.control.answers import deposits_text

    return "deposit", {"deposit_data": deposits_text(file)}


@cli.command("top-up")
@_index
@click.argument("amount", type=Ether(_GWEI_DECIMALS))
@_asking
def top_up(index: int, amount: int) -> tuple[str, dict[str, Any]]:
    """Deposit AMOUNT more ETH for validator INDEX."""
    return "more", {"index": index, "amount_gwei": amount // WEI_PER_GWEI}


@cli.command("add-key")
@click.argument("keystore", type=click.Path(path_type=Path))
@_asking
@password_options("the keystore")
def add_key(keystore: Path, ask_password: Callable[[], str]) -> tuple[str, dict[str, Any]]:
    """Let the chain attest and propose with the key of an EIP-2335 KEYSTORE."""
    from keel.consensus.beacon.control.answers import keystore_secret

    return "add_key", {"secret": f"{keystore_secret(keystore, ask_password):x}"}


@cli.command()
@click.argument("amount", type=Ether(), required=False)
@_asking
def mev(amount: int | None) -> tuple[str, dict[str, Any]]:
    """Let a builder pay proposers AMOUNT of ETH per block; without AMOUNT, stop that."""
    # As text: JSON's integers have 64 bits here, which end at 18 ether.
    return "mev", {"amount_wei": str(amount or 0)}


@cli.command("fee-recipient")
@click.argument("address", type=Address())
@click.argument("indices", type=Integer(min=0), nargs=-1)
@_asking
def fee_recipient(address: str, indices: tuple[int, ...]) -> tuple[str, dict[str, Any]]:
    """Send the fees of validators INDICES, by default of all others, to ADDRESS."""
    return "fee_recipient", {"address": address, "indices": list(indices)}


@cli.command()
@click.argument("name", default="default")
@_asking
def snapshot(name: str) -> tuple[str, dict[str, Any]]:
    """Save a snapshot of both layers as NAME, for `revert`."""
    return "snapshot", {"name": name}


@cli.command()
@click.argument("name", default="default")
@_asking
def revert(name: str) -> tuple[str, dict[str, Any]]:
    """Return both layers to the snapshot NAME; later snapshots are lost."""
    return "revert", {"name": name}


@cli.command()
@_asking
def save() -> tuple[str, dict[str, Any]]:
    """Write the chain to its folder without stopping it."""
    return "save", {}
