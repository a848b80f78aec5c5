"""Steering a running beacon chain from the command line, through a socket beside its folder."""
