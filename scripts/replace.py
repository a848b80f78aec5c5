"""`ape run replace`: another oracle or another fund."""

from keel.commands.replace import cli

__all__ = ["cli"]
