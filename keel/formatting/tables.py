"""Rich tables in the style of all commands."""

from collections.abc import Iterator, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderResult, RichCast
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

_ANY_WIDTH = 100_000

type Cell = ConsoleRenderable | RichCast | str


def plain_table(*columns: str, title: str | None = None) -> Table:
    """An empty table in the house style; a column that begins with `>` is right-aligned.

    No word in it is broken. Where the terminal is too narrow for that, each row is a block of
    lines, one for each column.
    """
    table = _WordTable(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
    for column in columns:
        is_right = column.startswith(">")
        name = column.removeprefix(">")
        table.add_column(name, justify="right" if is_right else "left", overflow="fold")
    return table


class _WordTable(Table):
    """Rich gives a column less than its longest word when others have long texts."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Give every column at least its longest word."""
        unbound = options.update(max_width=_ANY_WIDTH, no_wrap=False)
        sizes = [self._size(console, unbound, column) for column in self._cells_by_column()]
        around = Measurement.get(console, unbound, self).maximum - sum(each[1] for each in sizes)
        room = options.max_width - around
        if sum(least for least, _ in sizes) > room:
            yield from self._blocks(options.max_width)
            return
        for column, width in zip(self.columns, _shared(sizes, room), strict=True):
            column.width = width
        if self.title:
            longest = Measurement.get(console, unbound, self.title).minimum
            self.min_width = min(longest, options.max_width)
        yield from super().__rich_console__(console, options.update(no_wrap=False))
        for column in self.columns:
            column.width = None

    def _cells_by_column(self) -> list[list[Cell]]:
        return [
            [
                *([column.header] if self.show_header else []),
                *column.cells,
                *([column.footer] if self.show_footer else []),
            ]
            for column in self.columns
        ]

    @staticmethod
    def _size(console: Console, options: ConsoleOptions, cells: Sequence[Cell]) -> tuple[int, int]:
        """The longest word, and the longest text."""
        sizes = [Measurement.get(console, options, cell) for cell in cells]
        return (
            max((each.minimum for each in sizes), default=0),
            max((each.maximum for each in sizes), default=0),
        )

    def _blocks(self, width: int) -> Iterator[Cell]:
        """A word that is wider than the terminal stays whole, for whoever copies it."""
        if self.title:
            yield Text(str(self.title), style="italic")
        headers = [str(column.header) for column in self.columns]
        rows = list(zip(*(column.cells for column in self.columns), strict=True))
        if self.show_footer:
            rows.append(tuple(column.footer for column in self.columns))
        for row in rows:
            for number, (header, cell) in enumerate(zip(headers, row, strict=True)):
                shown = Text.from_markup(cell) if isinstance(cell, str) else cell
                if not shown:
                    continue
                label = f"{header}: " if header else ""
                indent = 2 if number else 0
                line = Text.assemble(label, shown) if isinstance(shown, Text) else shown
                if isinstance(line, Text) and _longest_word(line) > width - indent:
                    line.pad_left(indent)
                    line.no_wrap, line.overflow = True, "ignore"
                    yield line
                else:
                    yield Padding(line, (0, 0, 0, indent), expand=False)


def _longest_word(line: Text) -> int:
    return max(map(cell_len, line.plain.split()), default=0)


def _shared(sizes: Sequence[tuple[int, int]], room: int) -> list[int]:
    """Widths that hold the longest words, with what is left for the longest texts."""
    widths = [least for least, _ in sizes]
    for _ in range(room - sum(widths)):
        wanting = [at for at, (_, most) in enumerate(sizes) if widths[at] < most]
        if not wanting:
            break
        widths[min(wanting, key=lambda at: widths[at])] += 1
    return widths
