"""`ape run beacon`: a real beacon chain on this machine, and everything one can do to it."""

from keel.commands.beacon import cli

__all__ = ["cli"]
