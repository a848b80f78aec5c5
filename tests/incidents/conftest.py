"""Fixtures of all incidents."""

from tests.incidents.stage import attacker, naive, victim

__all__ = ["attacker", "naive", "victim"]
