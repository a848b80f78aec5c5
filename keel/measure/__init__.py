"""Measures: what Keel costs."""
