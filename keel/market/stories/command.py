"""What `ape run market story` does, with Rich on the terminal."""

import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from keel.chain.node_packages import REPOSITORY_ROOT
from keel.deploy.artifacts import load_artifacts
from keel.formatting.lines import print_line
from keel.market.compiled import compile_missing
from keel.market.stories.page import PAGE, page
from keel.market.stories.plots import draw
from keel.market.stories.stories import STORIES
from keel.market.stories.story import Story, live_alone
from keel.market.stories.telling import Chart, Part, show
from keel.market.system import in_order
from keel.terminal.answers import console


def run_stories(wanted: Sequence[Story[Any, Any]]) -> None:
    """Live and tell some stories; all of them are written to docs/market.md. Raises KeelError."""
    screen = console()
    systems = in_order(system for story in wanted for system in story.systems)
    compile_missing((source for system in systems for source in system.sources), screen)
    told = [(story, _live(story, screen)) for story in wanted]
    if tuple(wanted) == STORIES:
        PAGE.write_text(page(told))
        print_line(screen, f"Written: {PAGE.relative_to(REPOSITORY_ROOT)}")


def _live(story: Story[Any, Any], screen: Console) -> tuple[Part, ...]:
    started = time.monotonic()
    with screen.status(f"{story.title} ...") as status:
        figures = live_alone(
            story, load_artifacts(), lambda step: status.update(f"{story.title}: {step} ...")
        )
    parts = story.tell(figures)
    for part in parts:
        if isinstance(part, Chart):
            draw(part)
    screen.print(f"[bold cyan]{story.title}[/bold cyan]")
    show(parts, screen)
    print_line(screen, f"Lived in {time.monotonic() - started:.0f} s.")
    screen.print()
    return parts
