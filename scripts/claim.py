"""`ape run claim`: have finalised tickets paid."""

from keel.commands.claim import cli

__all__ = ["cli"]
