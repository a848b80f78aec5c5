"""Errors of the beacon chain; each message is one line meant for the person at the terminal."""

from keel.errors import KeelError


class BeaconError(KeelError):
    """Base of every error that the beacon chain raises on purpose."""


class ConfigError(BeaconError):
    """A chain cannot be made of this configuration."""


class BadArgumentError(BeaconError):
    """A command was given what it cannot take."""


class UnknownValidatorError(BeaconError):
    """No validator has this index or public key, or nobody gave its key to the chain."""


class OperationRefusedError(BeaconError):
    """The specification refuses an operation in the present state."""


class NotReachedError(BeaconError):
    """What was waited for did not happen within the slots allowed."""


class SnapshotEndedError(BeaconError):
    """A snapshot cannot be restored, because an earlier one was restored since."""


class AnvilMovedError(BeaconError):
    """Somebody moved Anvil alone to a block that matches no state of the beacon chain."""


class DataFolderError(BeaconError):
    """A folder holds no chain, or one that this version cannot go on with."""
