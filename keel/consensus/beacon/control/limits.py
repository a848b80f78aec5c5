"""Bounds of what can be asked for, light enough for the command line to know them."""

MOST_SLOTS = 100_000
"""How many slots one command may let pass or leave without a block."""

MOST_VALIDATORS = 16_384
"""How many validators a chain may begin with."""
