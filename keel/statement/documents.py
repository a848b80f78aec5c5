"""A statement as tables of a terminal, as CSV and as a page."""

import csv
from collections.abc import Iterator
from io import StringIO

from jinja2 import Environment, PackageLoader, StrictUndefined
from rich.table import Table as RichTable

from keel.formatting.amounts import exact_amount
from keel.formatting.tables import plain_table
from keel.statement.periods import shown_time
from keel.statement.statement import Row, Statement, indices, tables

_PAGE = Environment(
    loader=PackageLoader("keel.statement"), autoescape=True, undefined=StrictUndefined
).get_template("statement.html")


def shown_period(statement: Statement) -> str:
    """From when to when."""
    opening, closing = statement.opening.time, statement.closing.time
    return f"{shown_time(opening)} to {shown_time(closing)}"


def terminal_tables(statement: Statement) -> Iterator[RichTable]:
    """The indices, then the tables, every digit of each amount."""
    shown = plain_table("", ">", "", title=f"Keel from {shown_period(statement)}")
    for index in indices(statement):
        shown.add_row(index.text, index.value, index.unit)
    yield shown
    for table in tables(statement):
        shown = plain_table("", f">{table.rows[0].unit.shown}", title=table.title)
        for row in table.rows:
            shown.add_row(row.text, _amount(row), style="bold" if row.is_sum else None)
        yield shown


def csv_text(statement: Statement) -> str:
    """One row for each figure; amounts of tables are whole numbers of the unit named beside."""
    written = StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(("table", "line", "amount", "unit"))
    for name, moment in (("from", statement.opening), ("to", statement.closing)):
        writer.writerow(("period", name, moment.time, "Unix seconds"))
    for index in indices(statement):
        writer.writerow(("index", index.name, index.value, index.unit))
    for table in tables(statement):
        for row in table.rows:
            writer.writerow((table.name, row.text.strip(), row.amount, row.unit.smallest))
    return written.getvalue()


def html_page(statement: Statement, checked_at: str) -> str:
    """A page without scripts that needs no other file; `checked_at` says what was compared."""
    return _PAGE.render(
        period=shown_period(statement),
        indices=list(indices(statement)),
        tables=list(tables(statement)),
        amount=_amount,
        checked_at=checked_at,
    )


def _amount(row: Row) -> str:
    return exact_amount(row.amount, row.unit.decimals)
