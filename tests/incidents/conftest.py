"""Fixtures of all incidents."""

from tests.constructed import keel, keel_mainnet
from tests.incidents.stage import attacker, naive, victim

__all__ = ["attacker", "keel", "keel_mainnet", "naive", "victim"]
