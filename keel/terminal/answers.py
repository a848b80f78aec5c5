"""What commands say before and after a transaction."""

from rich.console import Console, RenderableType
from rich.text import Text

from keel.chain.transaction import Receipt
from keel.formatting.lines import print_line


def console() -> Console:
    """The terminal's console; numbers keep one colour."""
    return Console(highlight=False)


def show(screen: RenderableType) -> None:
    """Show tables; a key that is wider than the terminal stays whole, for whoever copies it."""
    console().print(screen, crop=False)


def before(text: str, warning: str = "") -> None:
    """Say what will happen, or what was found; `warning` is shown before it in colour."""
    label = (f"{warning}: ", "yellow") if warning else ""
    print_line(console(), Text.assemble(label, text))


def after(text: str, receipt: Receipt) -> None:
    """Say what happened, and at what cost."""
    print_line(console(), Text.assemble(("Done", "green"), f": {text}"))
    gas = f"transaction {receipt.transaction_hash}, {receipt.gas_used:,} gas"
    print_line(console(), Text(gas, "dim"))
