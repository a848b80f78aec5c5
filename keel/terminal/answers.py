"""What commands say before and after a transaction."""

from rich.console import Console

from keel.chain.transaction import Receipt


def console() -> Console:
    """The terminal's console; numbers keep one colour."""
    return Console(highlight=False)


def before(text: str) -> None:
    """Say what will happen."""
    console().print(text, soft_wrap=True)


def after(text: str, receipt: Receipt) -> None:
    """Say what happened, and at what cost."""
    console().print(f"[green]Done[/]: {text}", soft_wrap=True)
    console().print(
        f"[dim]transaction {receipt.transaction_hash}, {receipt.gas_used:,} gas[/]", soft_wrap=True
    )
