"""`ape run deploy`: put Keel on a network."""

from keel.commands.deploy import cli

__all__ = ["cli"]
