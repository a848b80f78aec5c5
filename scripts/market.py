"""`ape run market`: real systems around Keel on a local chain."""

from keel.commands.market import cli

__all__ = ["cli"]
