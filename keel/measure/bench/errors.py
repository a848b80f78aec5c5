"""Errors of the bench; each message is one line meant for the person at the terminal."""

from keel.errors import KeelError


class BenchError(KeelError):
    """Base of every error that keel.measure.bench raises on purpose."""


class ChildFailedError(BenchError):
    """A measure did not come to its end."""


class PageError(BenchError):
    """docs/scale.md has no place for the table."""
