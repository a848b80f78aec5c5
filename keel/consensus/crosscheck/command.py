"""What `ape run crosscheck` does, with Rich on the terminal."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from keel.chain.anvil import start_anvil
from keel.consensus.beacon.chain import start_chain
from keel.consensus.beacon.config import Fork, anvil_options
from keel.consensus.crosscheck.findings import KINDS, Expected, Findings
from keel.consensus.crosscheck.record import read_record, record_story
from keel.consensus.crosscheck.replay import replay
from keel.consensus.crosscheck.story import SLOTS, story_config, tell
from keel.formatting.tables import plain_table


def run_crosscheck(
    forks: Sequence[Fork], folder: Path, console: Console, *, recorded: bool = False
) -> list[str]:
    """Tell, record and replay the story for each fork, print it; return all that is wrong.

    What an earlier check has `recorded` is only replayed.
    """
    found: dict[Fork, Findings] = {}
    wrong: list[str] = []
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        for fork in () if recorded else forks:
            tell_and_record(fork, folder / fork, progress)
        for fork in forks:
            expected = read_record(folder / fork)
            found[fork] = _replay_with_bar(fork, folder / fork, expected, progress)
            disagreements = found[fork].disagreements(expected)
            wrong += [f"{fork}: {text}" for text in disagreements or found[fork].gaps()]
    console.print(findings_table(found))
    return wrong


def tell_and_record(fork: Fork, folder: Path, progress: Progress) -> None:
    """Build the story's chain on an Anvil of its own and save it."""
    bar = progress.add_task(f"{fork}: the specification builds {SLOTS} slots", total=SLOTS)
    config = story_config(fork)
    with start_anvil(anvil_options(config)) as anvil:
        chain = start_chain(anvil.rpc, config)
        tell(chain, on_slot=lambda _: progress.advance(bar))
        record_story(chain, folder)


def _replay_with_bar(fork: Fork, folder: Path, expected: Expected, progress: Progress) -> Findings:
    blocks = expected.blocks
    bar = progress.add_task(f"{fork}: Lodestar replays {blocks} blocks", total=blocks)
    return replay(folder, lambda _: progress.advance(bar))


def findings_table(found: dict[Fork, Findings]) -> Table:
    """What was replayed, one column for each fork."""
    table = plain_table("replayed by Lodestar", *(f">{fork}" for fork in found))
    columns = list(found.values())
    table.add_row("blocks accepted", *(str(findings.blocks) for findings in columns))
    for kind, name in KINDS.items():
        table.add_row(name, *(str(findings.counts[kind]) for findings in columns))
    heads = [findings.head for findings in columns]
    for name, attribute in (
        ("validators at the end", "validators"),
        ("of them slashed", "slashed"),
        ("of them leaving or gone", "exited"),
        ("finalised epoch", "finalised_epoch"),
        ("slot of the head", "slot"),
        ("state root of the head", "state_root"),
    ):
        shown = ["" if head is None else str(getattr(head, attribute)) for head in heads]
        table.add_row(name, *(f"0x{text[:8]}.." if len(text) == 64 else text for text in shown))
    return table
