"""Hypothesis without a deadline: the time an example takes tells of the machine, not of rules."""

from hypothesis import settings

settings.register_profile("model", deadline=None)
settings.load_profile("model")
