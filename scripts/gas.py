"""`ape run gas`: measure the gas of every operation."""

from keel.commands.gas import cli

__all__ = ["cli"]
