"""`ape run stake`: pay ether in."""

from keel.commands.stake import cli

__all__ = ["cli"]
