"""`ape run validators`: every key, and how far it came."""

from keel.commands.validators import cli

__all__ = ["cli"]
