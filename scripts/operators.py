"""`ape run operators`: operators and their keys."""

from keel.commands.operators import cli

__all__ = ["cli"]
