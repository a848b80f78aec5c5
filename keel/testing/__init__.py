"""Keel for the tests of other projects: a plugin for pytest, on Ape."""
