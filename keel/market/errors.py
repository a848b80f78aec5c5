"""Errors of the market package; each message is one line meant for the person at the terminal."""

from keel.errors import KeelError


class MarketError(KeelError):
    """Base of every error that keel.market raises on purpose."""


class PackageMissingError(MarketError):
    """A package of the market is not installed, or lacks what is asked of it."""


class CompileError(MarketError):
    """A package's sources do not compile."""
