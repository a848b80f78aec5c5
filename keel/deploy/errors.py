"""Errors of the deploy package; each message is one line meant for the person at the terminal."""

from keel.errors import KeelError


class DeployError(KeelError):
    """Base of every error that keel.deploy raises on purpose."""


class ArtifactMissingError(DeployError):
    """A contract is not compiled."""


class ConfigurationError(DeployError):
    """A configuration that must not be deployed; the message names value and bound."""


class ManifestError(DeployError):
    """A manifest is missing, unreadable, or belongs to another chain."""


class OccupiedError(DeployError):
    """Something other than the plan's is where the plan would deploy."""


class SendingError(DeployError):
    """A transaction was refused, not signed, or failed."""
