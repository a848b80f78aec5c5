"""Names that others chose, made safe for a terminal."""

from rich.markup import escape

_SHOWN_MOST = 60
_UNPRINTABLE = "\N{REPLACEMENT CHARACTER}"


def printable(name: str) -> str:
    """Replace what moves the cursor or turns the writing around, and cut what is too long."""
    shown = "".join(each if each.isprintable() else _UNPRINTABLE for each in name[:_SHOWN_MOST])
    return f"{shown}..." if len(name) > _SHOWN_MOST else shown


def in_markup(name: str) -> str:
    """The same for a text whose brackets Rich reads as markup."""
    return escape(printable(name))
