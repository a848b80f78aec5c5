"""`ape run verify`: compare a network with the plan of its deployment."""

from keel.commands.verify import cli

__all__ = ["cli"]
