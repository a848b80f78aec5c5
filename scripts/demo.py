"""`ape run demo`: the whole life of Keel, told on a chain of its own."""

from keel.commands.demo import cli

__all__ = ["cli"]
