"""Fixtures of all histories: contracts begin as the model's launch does."""

from tests.constructed import keel

__all__ = ["keel"]
