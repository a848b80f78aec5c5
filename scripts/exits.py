"""`ape run exits`: what is asked of the beacon chain for Keel's validators."""

from keel.commands.exits import cli

__all__ = ["cli"]
