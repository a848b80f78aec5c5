"""Hostile histories of the vault, under the rules as they were and as they are."""
