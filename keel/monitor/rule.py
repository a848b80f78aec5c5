"""What an alarm is, as data."""

from collections.abc import Callable
from dataclasses import dataclass

from keel.monitor.reading import Reading
from keel.monitor.settings import WatchSection

type Judge = Callable[[Reading, WatchSection], str | None]
"""What is wrong, None if nothing is."""


@dataclass(frozen=True)
class Rule:
    """`keys` are those of `[watch]` that bound it; `measures` and `action` go into the docs.

    `is_shared`: another process raises an alarm of this name too, for the same reason.
    """

    name: str
    keys: tuple[str, ...]
    measures: str
    action: str
    judge: Judge
    is_shared: bool = False
