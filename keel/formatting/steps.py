"""Steps that people wait for."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from keel.formatting.lines import print_line

_WORTH_TELLING_SECONDS = 2.0


@contextmanager
def step(console: Console, what: str) -> Iterator[None]:
    """Say what is being done, and how long it took if that was worth a wait."""
    started = time.monotonic()
    print_line(console, f"{what} ...")
    with console.status(f"{what} ..."):
        yield
    seconds = time.monotonic() - started
    if seconds >= _WORTH_TELLING_SECONDS:
        console.print(f"  done in {seconds:.0f} s", style="dim", highlight=False)
