"""Which operator may get the next validator.

OPR-3: an active operator below its limit, while its validators stay within its target share of all
staked so far and this one, rounded down, plus one.
"""

from dataclasses import dataclass

from keel.model.constants import BPS
from keel.model.errors import OperatorAboveTarget, OperatorAtLimit, OperatorInactive


@dataclass(frozen=True)
class Operator:
    """What the registry knows; `staked` counts every validator it ever got."""

    operator_id: int
    active: bool
    limit: int
    target_bps: int
    staked: int = 0


def target_max(target_bps: int, total_staked: int) -> int:
    """Validators that a target share allows when one is added to `total_staked` (OPR-3)."""
    return target_bps * (total_staked + 1) // BPS + 1


def check_allocation(operator: Operator, total_staked: int) -> None:
    """Raise the reason why this operator may not get the next validator (OPR-3)."""
    if not operator.active:
        raise OperatorInactive(operator.operator_id)
    if operator.staked >= operator.limit:
        raise OperatorAtLimit(operator.operator_id, operator.limit)
    most = target_max(operator.target_bps, total_staked)
    if operator.staked + 1 > most:
        raise OperatorAboveTarget(operator.operator_id, operator.staked + 1, most)
