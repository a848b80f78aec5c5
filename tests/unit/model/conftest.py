"""Hypothesis without a deadline: how long an example takes says more of the machine than of rules."""

from hypothesis import settings

settings.register_profile("model", deadline=None)
settings.load_profile("model")
