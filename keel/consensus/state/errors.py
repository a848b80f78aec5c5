"""Errors of reading and proving states; each message is one line meant for the terminal."""

from keel.errors import KeelError


class StateError(KeelError):
    """Base of every error that keel.consensus.state raises on purpose."""


class LayoutError(StateError):
    """The specification's BeaconState has a shape which this package cannot read."""


class EncodingError(StateError):
    """Bytes are not the SSZ encoding of a BeaconState."""


class ProofError(StateError):
    """There is no such proof, or it does not lead to the root it is meant for."""
