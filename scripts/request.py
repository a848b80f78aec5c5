"""`ape run request`: ask for ether back by a ticket."""

from keel.commands.request import cli

__all__ = ["cli"]
