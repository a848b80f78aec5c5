"""Tell the chapters of a life at a terminal, with the books and the identity after each."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from keel.chain.rpc import RpcClient
from keel.deploy.artifacts import load_artifacts
from keel.deploy.profiles import PROFILES
from keel.scenarios.identity import BooksBrokenError, Identity, require_identity
from keel.scenarios.life import CHAPTERS, Life
from keel.scenarios.world import World, found_world, start_chain
from keel.terminal.amounts import exact_ether
from keel.terminal.books import read_books
from keel.terminal.faults import Fault, one_line_faults
from keel.terminal.tables import books_table


def tell_life(
    profile: str,
    pause_seconds: float,
    console: Console | None = None,
    interfere: Callable[[int, World], None] = lambda _number, _world: None,
) -> None:
    """Start a chain, deploy, act all chapters; raises Fault when the identity is off.

    `interfere` may touch the world after a chapter, before it is measured.
    """
    console = console or Console(highlight=False)
    began = time.monotonic()
    with one_line_faults(), start_chain() as anvil, tempfile.TemporaryDirectory() as folder:
        console.print(f"[bold]Keel on Anvil[/bold] at {anvil.url}, profile {profile}.")
        console.print(
            "The execution layer is real: contracts, deposit contract, signatures.\n"
            "The consensus layer's part (rewards, slashings, withdrawals) is played by this script,"
            "\nwhich learns of validators from the deposit contract's own logs.\n",
            soft_wrap=True,
        )
        world = _deploy(anvil.rpc, profile, console)
        life = Life(world, Path(folder))
        _show_books(0, world, console, interfere)
        for number, chapter in enumerate(CHAPTERS, 1):
            time.sleep(pause_seconds)
            console.print(f"[bold cyan]{number}. {chapter.title}[/bold cyan]")
            for sentence in chapter.act(life):
                console.print(f"   {sentence}", soft_wrap=True)
                time.sleep(pause_seconds)
            _show_books(number, world, console, interfere)
            time.sleep(pause_seconds)
    took = time.monotonic() - began
    console.print(f"[bold green]Every wei was accounted for[/bold green], in {took:.0f} s.")


def _deploy(rpc: RpcClient, profile: str, console: Console) -> World:
    artifacts = load_artifacts()
    columns = (TextColumn("   {task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("deploy", total=None)
        world = found_world(
            rpc,
            artifacts,
            PROFILES[profile],
            lambda step: progress.update(
                task, total=step.total, completed=step.number, description=f"deploy {step.what}"
            ),
        )
        progress.update(task, description="Keel is deployed")
        return world


def _show_books(
    number: int, world: World, console: Console, interfere: Callable[[int, World], None]
) -> None:
    interfere(number, world)
    console.print(books_table(read_books(world.contracts)))
    try:
        identity = require_identity(world)
    except BooksBrokenError as error:
        raise Fault(f"the books are broken: {error}") from error
    console.print(_identity_line(identity), soft_wrap=True)
    console.print()


def _identity_line(identity: Identity) -> str:
    left = " + ".join(
        f"{exact_ether(term)} {letter}"
        for letter, term in (
            ("B", identity.buffered_wei),
            ("C", identity.consensus_wei),
            ("P", identity.pending_wei),
        )
    )
    right = f"{exact_ether(identity.backing_wei)} A + {exact_ether(identity.owed_wei)} Q"
    return f"   [green]identity holds to the wei:[/green] {left} = {right}"
