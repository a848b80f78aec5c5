"""`ape run status`: the protocol on one screen."""

from keel.commands.status import cli

__all__ = ["cli"]
