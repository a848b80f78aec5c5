"""How far a key has come (KEY-1), by the numbers of `IOperatorRegistry.Stage`."""

from enum import IntEnum


class Stage(IntEnum):
    """What was staked counts in C; dropped, slashed and withdrawn keys never come back."""

    NONE = 0
    PREDEPOSITED = 1
    PROVEN = 2
    STAKED = 3
    FOREIGN = 4
    DROPPED = 5
    SLASHED = 6
    WITHDRAWN = 7
