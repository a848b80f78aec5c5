"""How far a key has come (KEY-1), by the numbers of `IOperatorRegistry.Stage`."""

from enum import IntEnum


class Stage(IntEnum):
    """Only staked keys count in C; foreign and dropped ones stay so for good (KEY-4, KEY-5)."""

    NONE = 0
    PREDEPOSITED = 1
    PROVEN = 2
    STAKED = 3
    FOREIGN = 4
    DROPPED = 5
