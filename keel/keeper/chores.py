"""What a plan is made of: chores to do, what is left undone and why, and alarms."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """Chores by the name that `[keeper] chores` of the configuration knows them by."""

    STAKE = "stake"
    PROVE = "prove"
    REPORT = "report"
    EXIT = "exit"
    REWARDS = "rewards"
    FINALISE = "finalise"
    SWEEP = "sweep"
    BONDS = "bonds"
    WIND_DOWN = "wind_down"


@dataclass(frozen=True, slots=True)
class Chore:
    """One transaction. `contract` is the field of Bindings whose `function` is called.

    `key` stays the same from head to head for as long as the same thing is to be done, so that
    keepers can wait their turn (`keel.keeper.turns`), but for what `is_urgent`. For what
    `is_candidate` another one may do: once it is refused, the plan names the next (EXT-7).
    """

    kind: Kind
    key: str
    why: str
    contract: str
    function: str
    arguments: tuple[Any, ...]
    value_wei: int = 0
    is_urgent: bool = False
    is_candidate: bool = False


@dataclass(frozen=True, slots=True)
class Undone:
    """Something that a reader might expect of the keeper, and why it is not done now."""

    kind: Kind
    why: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What one rule, or all of them, make of a view; `alarms` by name."""

    chores: tuple[Chore, ...] = ()
    undone: tuple[Undone, ...] = ()
    alarms: dict[str, str] = field(default_factory=dict)


type Plan = Findings
"""The findings of all rules."""


def nothing(kind: Kind, why: str) -> Findings:
    """No chore of this kind, and the reason."""
    return Findings(undone=(Undone(kind, why),))


def together(findings: Iterable[Findings]) -> Findings:
    """Join findings in order; two texts of one alarm are joined too."""
    chores: list[Chore] = []
    undone: list[Undone] = []
    alarms: dict[str, str] = {}
    for each in findings:
        chores += each.chores
        undone += each.undone
        for name, text in each.alarms.items():
            alarms[name] = f"{alarms[name]}; {text}" if name in alarms else text
    return Findings(tuple(chores), tuple(undone), alarms)


def ether(amount_wei: int) -> str:
    """Ether with at most six decimals, rounded down, for reasons that people read."""
    whole, rest = divmod(amount_wei, 10**18)
    return f"{whole}.{rest // 10**12:06d}".rstrip("0").rstrip(".") + " ETH"


def counted(number: int, noun: str) -> str:
    """`1 validator`, `2 validators`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
