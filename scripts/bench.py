"""`ape run bench`: measure what states of up to a million validators cost."""

from keel.commands.bench import cli

__all__ = ["cli"]
