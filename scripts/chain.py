"""`ape run chain`: keep a local Ethereum with Keel on it."""

from keel.commands.chain import cli

__all__ = ["cli"]
