"""Sentences on a terminal, where no word is broken."""

import re
from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text


def print_line(
    console: Console, text: str | Text, *, markup: bool = False, indent: int = 0
) -> None:
    """Print a sentence: a terminal gets it wrapped between words, a file or pipe in one line.

    With `markup`, a text in brackets is Rich's style. A word that is wider than the terminal stays
    whole, for whoever copies it.
    """
    if isinstance(text, str):
        text = console.render_str(text, markup=markup, highlight=False)
    for line in text.split("\n", allow_blank=True):
        breaks = _breaks(line.plain, console.width - indent) if console.is_terminal else ()
        for part in line.divide(breaks):
            part.rstrip()
            part.pad_left(indent)
            console.print(part, highlight=False, soft_wrap=True)


def _breaks(line: str, width: int) -> Iterator[int]:
    """Places of words that begin a new line."""
    used = 0
    for word in re.finditer(r"\s*\S+\s*", line):
        if used and used + cell_len(word[0].rstrip()) > width:
            yield word.start()
            used = 0
        used += cell_len(word[0])
