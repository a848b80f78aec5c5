"""Fixtures of all tests of market pieces."""

from tests.constructed import keel

__all__ = ["keel"]
