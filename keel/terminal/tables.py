"""Rich tables of Keel's books."""

from rich import box
from rich.table import Table

from keel.terminal.amounts import shown_bps, shown_ether, shown_rate
from keel.terminal.books import Books


def books_table(books: Books) -> Table:
    """The books in one line; amounts in ETH, wkETH in its own unit."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("rate", "kETH", "wkETH", "buffered", "staked", "queue", "insurance"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_row(
        shown_rate(books.visible_wei, books.shares),
        shown_ether(books.visible_wei),
        shown_ether(books.wrapped_units),
        shown_ether(books.buffered_wei),
        shown_ether(books.consensus_wei + books.pending_wei),
        shown_ether(books.owed_wei),
        shown_ether(books.fund_wei),
    )
    return table


def rate_and_apr(books: Books) -> str:
    """Rate of wkETH, and what the stream pays a year."""
    return f"{shown_rate(books.visible_wei, books.shares)} ETH, APR {shown_bps(books.apr_bps)}"


def plain_table(*columns: str, title: str | None = None) -> Table:
    """An empty table in the house style; a column that begins with `>` is right-aligned."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
    for column in columns:
        is_right = column.startswith(">")
        name = column.removeprefix(">")
        table.add_column(name, justify="right" if is_right else "left", overflow="fold")
    return table
