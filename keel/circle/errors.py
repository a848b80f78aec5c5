"""What goes wrong between a chain and the processes around it; each message is one line."""

from keel.errors import KeelError


class CircleError(KeelError):
    """Base of all."""


class ProcessError(CircleError):
    """A process did not start, ended, or does not answer."""


class LaggingError(CircleError):
    """Processes did not come to the chain's head in time; the message names them."""


class NothingReportedError(CircleError):
    """No report came within the slots that were given."""
