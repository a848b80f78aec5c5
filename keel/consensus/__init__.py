"""The consensus layer: validator keys, keystores and deposit data."""
