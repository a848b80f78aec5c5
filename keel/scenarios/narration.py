"""Tell the chapters of a life at a terminal, with the books and the identity after each."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from keel.chain.anvil import start_anvil
from keel.circle.errors import CircleError
from keel.circle.reports import Reported
from keel.consensus.beacon.chain import BeaconChain, start_chain
from keel.consensus.beacon.config import ChainConfig
from keel.consensus.beacon.outcome import SlotOutcome
from keel.deploy.artifacts import Artifacts, load_artifacts
from keel.formatting.amounts import exact_ether, shown_ether, shown_seconds
from keel.formatting.lines import print_line
from keel.scenarios.beacon_world import BeaconWorld, found_beacon_world, options_for_keel
from keel.scenarios.chapter import Life
from keel.scenarios.circle_world import circle_around
from keel.scenarios.identity import BooksBrokenError, FrameCount, Identity, require_identity
from keel.scenarios.life import CHAPTERS
from keel.sight.books import read_books
from keel.terminal.faults import Fault, one_line_faults
from keel.terminal.tables import books_table

GENESIS_TIME = 1_800_000_000
"""Fixed, so that everybody sees the same figures."""


def tell_life(
    pause_seconds: float,
    *,
    fast: bool = False,
    console: Console | None = None,
    interfere: Callable[[int, BeaconWorld], None] = lambda _number, _world: None,
) -> None:
    """Start both layers, deploy, act all chapters; raises Fault when the identity is off.

    `fast` does not verify the chain's own signatures again. `interfere` may touch the world after
    a chapter, before it is measured.
    """
    console = console or Console(highlight=False)
    config = ChainConfig(genesis_time=GENESIS_TIME, verify_own_signatures=not fast)
    began = time.monotonic()
    with (
        _one_line_faults(),
        start_anvil(options_for_keel(config)) as anvil,
        tempfile.TemporaryDirectory() as name,
        ExitStack() as stack,
    ):
        chain, folder, artifacts = start_chain(anvil.rpc, config), Path(name), load_artifacts()
        _introduce(chain, console)
        life = Life(
            _deploy(chain, artifacts, console),
            folder,
            lambda world: stack.enter_context(circle_around(world, folder, artifacts)),
        )
        frames = FrameCount(life.world)
        chain.watchers.append(frames)
        _show_books(0, life.world, console, interfere)
        for number, chapter in enumerate(CHAPTERS, 1):
            time.sleep(pause_seconds)
            console.print(f"[bold cyan]{number}. {chapter.title}[/bold cyan]")
            with _showing_slots(life.world, console):
                for sentence in chapter.act(life):
                    print_line(console, sentence, markup=True, indent=3)
                    time.sleep(pause_seconds)
            _show_books(number, life.world, console, interfere)
            time.sleep(pause_seconds)
        console.print("Ending the processes and the chain ...")
    took = time.monotonic() - began
    print_line(
        console,
        f"[bold green]Every wei was accounted for[/bold green], after each of {frames.reports} "
        f"reports too, over {chain.slot} slots in {took:.0f} s.",
        markup=True,
    )


@contextmanager
def _one_line_faults() -> Iterator[None]:
    """Those of the chain, those of the processes around it, and ether that is not there."""
    with one_line_faults():
        try:
            yield
        except CircleError as error:
            raise Fault(str(error)) from error
        except BooksBrokenError as error:
            raise Fault(f"the accounts do not add up: {error}") from error


def _introduce(chain: BeaconChain, console: Console) -> None:
    print_line(
        console,
        f"[bold]Keel on Anvil and a beacon chain[/bold] at {chain.rpc.url}, "
        f"{len(chain.state.validators)} validators that are not Keel's.\n"
        "The consensus layer is Ethereum's executable specification: it decides rewards, sweeps, "
        "penalties and finality.\n"
        "Five reporters and a keeper are processes of their own: they prove, stake, report, and "
        "ask for exits.\nThe script is people and operators: who deposits, who is offline, who "
        "signs twice. Slots pass as fast as all follow.",
        markup=True,
    )
    if not chain.config.verify_own_signatures:
        console.print("Fast: signatures are real, but the chain's own are not verified again.")
    console.print()


@contextmanager
def _showing_slots(world: BeaconWorld, console: Console) -> Iterator[None]:
    """Say below the text which slot it is while slots pass."""
    chain = world.beacon.chain
    with console.status("") as status:

        def show(outcome: SlotOutcome) -> None:
            status.update(
                f"slot {outcome.slot}, epoch {chain.epoch}, finalised {chain.finalised_epoch}"
            )

        chain.watchers.append(show)
        try:
            yield
        finally:
            chain.watchers.remove(show)


def _deploy(chain: BeaconChain, artifacts: Artifacts, console: Console) -> BeaconWorld:
    columns = (TextColumn("   {task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("the beacon chain's first frame", total=None)
        world = found_beacon_world(
            chain,
            artifacts,
            lambda step: progress.update(
                task, total=step.total, completed=step.number, description=f"deploy {step.what}"
            ),
        )
        progress.update(task, description="Keel is deployed")
        return world


def _show_books(
    number: int,
    world: BeaconWorld,
    console: Console,
    interfere: Callable[[int, BeaconWorld], None],
) -> None:
    interfere(number, world)
    console.print(books_table(read_books(world.contracts)))
    print_line(console, _identity_line(require_identity(world)), markup=True, indent=3)
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
    return f"[green]identity holds to the wei:[/green] {left} = {right}"


def report_lines(reported: Reported) -> Iterator[str]:
    """Sentences, one a line."""
    outcome, slot = reported.outcome, reported.report.ref_slot
    yield f"{reported.signatures} members signed the report of slot {slot}."
    if not reported.applied:
        limit = shown_ether(reported.judgement.limitWei)
        yield (
            f"Its loss is beyond what may be applied at once ({limit} ETH), so it is announced: "
            "the next report of no larger a loss applies."
        )
        return
    if outcome.profitWei:
        duration = shown_seconds(outcome.streamSeconds)
        yield f"Profit {shown_ether(outcome.profitWei)} ETH, streaming over {duration}."
    if outcome.lossWei:
        yield (
            f"Loss {shown_ether(outcome.lossWei)} ETH: forfeited bonds bore "
            f"{shown_ether(outcome.bondWei)}, unvested rewards "
            f"{shown_ether(outcome.unvestedLossWei)}, insurance {shown_ether(outcome.coverWei)}, "
            f"holders {shown_ether(outcome.holdersLossWei)}, tickets "
            f"{shown_ether(outcome.ticketsLossWei)}."
        )
    if outcome.finalisedWei:
        yield f"Tickets are finalised up to {outcome.lastTicket}: `keel claim`."
