"""`ape run redeem`: ether at once, for a fee."""

from keel.commands.redeem import cli

__all__ = ["cli"]
