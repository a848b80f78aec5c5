"""`ape run prove`: show the chain what became of predeposited keys."""

from keel.commands.prove import cli

__all__ = ["cli"]
