"""Fixtures of all histories: contracts begin as the model's launch does."""

from tests.constructed import keel, keel_on_either_profile

__all__ = ["keel", "keel_on_either_profile"]
