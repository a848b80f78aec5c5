"""Rich tables of Keel's books."""

from rich.table import Table

from keel.formatting.amounts import shown_bps, shown_ether, shown_rate
from keel.formatting.tables import plain_table
from keel.sight.books import Books


def books_table(books: Books) -> Table:
    """The books in one line; amounts in ETH, wkETH in its own unit."""
    names = ("rate", "kETH", "wkETH", "buffered", "staked", "queue", "insurance")
    table = plain_table(*(f">{name}" for name in names))
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
