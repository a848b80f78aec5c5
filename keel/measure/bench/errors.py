"""Errors of the bench; each message is one line meant for the person at the terminal."""


class BenchError(Exception):
    """Base of every error that keel.measure.bench raises on purpose."""


class ChildFailedError(BenchError):
    """A measure did not come to its end."""


class PageError(BenchError):
    """docs/scale.md has no place for the table."""
