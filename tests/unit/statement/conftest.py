"""Statements of contracts that hold nothing but the first deposit."""

from tests.constructed import keel

__all__ = ["keel"]
