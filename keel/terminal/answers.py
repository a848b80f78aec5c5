"""What commands say before and after a transaction."""

from rich.console import Console
from rich.text import Text

from keel.chain.transaction import Receipt


def console() -> Console:
    """The terminal's console; numbers keep one colour."""
    return Console(highlight=False)


def before(text: str, warning: str = "") -> None:
    """Say what will happen, or what was found; `warning` is shown before it in colour."""
    label = (f"{warning}: ", "yellow") if warning else ""
    console().print(Text.assemble(label, text), soft_wrap=True)


def after(text: str, receipt: Receipt) -> None:
    """Say what happened, and at what cost."""
    console().print(Text.assemble(("Done", "green"), f": {text}"), soft_wrap=True)
    console().print(
        f"[dim]transaction {receipt.transaction_hash}, {receipt.gas_used:,} gas[/]", soft_wrap=True
    )
