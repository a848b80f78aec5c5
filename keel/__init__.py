"""Keel: a reference liquid-staking protocol for Ethereum and the harness that runs it."""
