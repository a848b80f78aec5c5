"""Errors of the check that are not findings about the chain."""

from keel.consensus.beacon.errors import BeaconError


class ReplayFailedError(BeaconError):
    """The other client could not be run, or ended without saying what it found."""
