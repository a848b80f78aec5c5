"""Rich tables in the style of all commands."""

from rich import box
from rich.table import Table


def plain_table(*columns: str, title: str | None = None) -> Table:
    """An empty table in the house style; a column that begins with `>` is right-aligned."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
    for column in columns:
        is_right = column.startswith(">")
        name = column.removeprefix(">")
        table.add_column(name, justify="right" if is_right else "left", overflow="fold")
    return table
