"""`ape run statement`: what the protocol earned, paid and lost in a period."""

from keel.commands.statement import cli

__all__ = ["cli"]
