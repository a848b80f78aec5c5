"""`ape run wrap`: kETH to wkETH and back."""

from keel.commands.wrap import cli

__all__ = ["cli"]
