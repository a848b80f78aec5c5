"""Why a validator was asked to exit (REQ-1), by the numbers of `IExits.Reason`."""

from enum import IntEnum


class ExitReason(IntEnum):
    """The first that holds."""

    MANAGER = 0
    DEAD = 1
    FROZEN = 2
    INACTIVE = 3
    QUEUE = 4
    AGAIN = 5
