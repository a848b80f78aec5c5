"""A story in sentences and tables, for a terminal and for a page in Markdown."""

from dataclasses import dataclass

from rich.console import Console

from keel.formatting.amounts import shown_ether
from keel.formatting.lines import print_line
from keel.formatting.tables import plain_table
from keel.model.constants import BPS, ETHER


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; a column that begins with `>` is right-aligned."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """Points of a chart, in its units."""

    label: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    is_dashed: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines that `plots` draws, under a name of its own; the page only says where."""

    name: str
    title: str
    x_label: str
    y_label: str
    lines: tuple[Line, ...]

    @property
    def place(self) -> str:
        """What names the file, from the repository's root."""
        return f"Plot of {self.title[0].lower()}{self.title[1:]}: `reports/market/{self.name}.png`"


type Part = str | Grid | Chart
"""A paragraph, without line breaks, a table, or a chart."""


def show(parts: tuple[Part, ...], console: Console) -> None:
    """Print paragraphs and tables."""
    for part in parts:
        if not isinstance(part, Grid):
            text = part if isinstance(part, str) else part.place
            print_line(console, text.replace("**", "").replace("`", ""))
            continue
        table = plain_table(*part.columns, title=part.title)
        for row in part.rows:
            table.add_row(*row)
        console.print(table)


def markdown(parts: tuple[Part, ...]) -> str:
    """The same for a page."""
    return "\n\n".join(_markdown(part) for part in parts)


def _markdown(part: Part) -> str:
    if isinstance(part, Grid):
        return _markdown_table(part)
    return part if isinstance(part, str) else f"{part.place}."


def _markdown_table(grid: Grid) -> str:
    names = [column.removeprefix(">") for column in grid.columns]
    line = ["---:" if column.startswith(">") else "---" for column in grid.columns]
    cells = (names, line, *grid.rows)
    table = "\n".join("| " + " | ".join(row) + " |" for row in cells)
    return f"**{grid.title}**\n\n{table}"


def ether(amount_wei: int, decimals: int = 2) -> str:
    """Ether without its unit, rounded towards zero."""
    return shown_ether(amount_wei, decimals)


def change(amount_wei: int, decimals: int = 4) -> str:
    """Ether with a sign, rounded towards zero."""
    if abs(amount_wei) < ETHER // 10**decimals:
        return "0"
    sign = "+" if amount_wei > 0 else ""
    return sign + shown_ether(amount_wei, decimals)


def price(price_wad: int) -> str:
    """A price or a rate with four decimals."""
    return f"{price_wad / ETHER:.4f}" if price_wad else "closed"


def percent(part: int, whole: int, decimals: int = 2) -> str:
    """A part of a whole, as percent."""
    if not whole:
        return ""
    figure = f"{100 * part / whole:.{decimals}f}"
    return f"{figure.removeprefix('-') if not float(figure) else figure} %"


def percent_of_bps(bps: int) -> str:
    """Basis points as percent."""
    return percent(bps, BPS, 1)
