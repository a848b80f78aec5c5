"""Whole stories of the protocol, used by scripts, tests and walkthroughs."""
