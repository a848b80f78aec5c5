"""Refusals of the registry and of bonds, by the names and values of `keel.model.errors`.

Why an operator gets no validator is no revert of the contracts: they skip its keys.
"""

from dataclasses import dataclass

from keel.model.errors import Refused


@dataclass(eq=False)
class OperatorInactive(Refused):
    """OPR-3."""

    operator_id: int


@dataclass(eq=False)
class OperatorAtLimit(Refused):
    """OPR-3."""

    operator_id: int
    limit: int


@dataclass(eq=False)
class OperatorAboveTarget(Refused):
    """OPR-3."""

    operator_id: int
    staked: int
    max: int


@dataclass(eq=False)
class OperatorFrozen(Refused):
    """KEY-4."""

    operator_id: int


@dataclass(eq=False)
class PredepositValue(Refused):
    """KEY-2: exactly 1 ETH a key."""

    sent_wei: int
    needed_wei: int


@dataclass(eq=False)
class WrongStage(Refused):
    """KEY-1: the key has come farther, or not as far."""

    pubkey_root: bytes
    stage: int
    expected: int


@dataclass(eq=False)
class NotKeyOf(Refused):
    """KEY-5."""

    operator_id: int
    pubkey_root: bytes


@dataclass(eq=False)
class NothingToProve(Refused):
    """KEY-3: no key of the batch is predeposited, or the proof says what is known."""


@dataclass(eq=False)
class NothingToPredeposit(Refused):
    """KEY-2: every key that was sent is known already."""


@dataclass(eq=False)
class NotFrozen(Refused):
    """KEY-4."""

    operator_id: int


@dataclass(eq=False)
class NotCompounding(Refused):
    """KEY-10: a validator without 0x02 credentials takes no more."""

    validator_index: int


@dataclass(eq=False)
class NoRoomForMore(Refused):
    """KEY-10."""

    validator_index: int
    balance_gwei: int
    most_gwei: int


@dataclass(eq=False)
class MayNotStake(Refused):
    """KEY-10: OPR-3 forbids the last of the parts."""

    operator_id: int


@dataclass(eq=False)
class AlreadyMerges(Refused):
    """KEY-11: the target is to join another key itself."""

    target_root: bytes


@dataclass(eq=False)
class ValidatorLeaving(Refused):
    """KEY-3."""

    validator_index: int
    slashed: bool
    exit_epoch: int


@dataclass(eq=False)
class NothingToPay(Refused):
    """BND-3: nothing was released, or all of it is paid."""

    pubkey_root: bytes


@dataclass(eq=False)
class BondLeaving(Refused):
    """BND-3: it has not cooled down."""

    pubkey_root: bytes
    payable_at: int
    now_time: int


@dataclass(eq=False)
class CommissionOutOfBounds(Refused):
    """COM-1."""

    commission_bps: int
    least_bps: int
    most_bps: int
