"""Fixtures of all tests of contracts."""

from tests.constructed import keel, keel_mainnet, keel_on_either_profile

__all__ = ["keel", "keel_mainnet", "keel_on_either_profile"]
