"""`ape run crosscheck`: have another client replay the beacon chain."""

from keel.commands.crosscheck import cli

__all__ = ["cli"]
