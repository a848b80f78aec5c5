"""Which operator may get the next validator.

OPR-3: an active operator below its limit, while its validators stay within its target share of all
staked so far and this one, rounded down, plus one. KEY-4: none of whose keys paid elsewhere, unless
OPERATORS unfreezes it.
"""

from dataclasses import dataclass

from keel.model.commission import Commission
from keel.model.constants import BPS, LEAST_COMMISSION_BPS
from keel.model.errors import Refused
from keel.model.registry_errors import (
    OperatorAboveTarget,
    OperatorAtLimit,
    OperatorFrozen,
    OperatorInactive,
)

_LEAST = Commission(LEAST_COMMISSION_BPS, LEAST_COMMISSION_BPS, 0)


@dataclass(frozen=True)
class Operator:
    """What the registry knows; `staked` counts every validator it ever got."""

    operator_id: int
    active: bool
    limit: int
    target_bps: int
    staked: int = 0
    frozen: bool = False
    commission: Commission = _LEAST


def target_max(target_bps: int, total_staked: int) -> int:
    """Validators that a target share allows when one is added to `total_staked` (OPR-3)."""
    return target_bps * (total_staked + 1) // BPS + 1


def check_allocation(operator: Operator, total_staked: int) -> None:
    """Raise the reason why this operator may not get the next validator (OPR-3, KEY-4)."""
    if operator.frozen:
        raise OperatorFrozen(operator.operator_id)
    if not operator.active:
        raise OperatorInactive(operator.operator_id)
    if operator.staked >= operator.limit:
        raise OperatorAtLimit(operator.operator_id, operator.limit)
    most = target_max(operator.target_bps, total_staked)
    if operator.staked + 1 > most:
        raise OperatorAboveTarget(operator.operator_id, operator.staked + 1, most)


def may_stake(operator: Operator, total_staked: int) -> bool:
    """Whether this operator may get the next validator (OPR-3, KEY-4)."""
    try:
        check_allocation(operator, total_staked)
    except Refused:
        return False
    return True
