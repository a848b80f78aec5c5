"""A keeper's view in which nothing is to be done, for tests to change."""

from typing import Any

from keel.keeper.chores import Chore, Findings, Kind
from keel.keeper.view import (
    BeaconStanding,
    Caller,
    Coffers,
    ExitBooks,
    Head,
    KeeperView,
    Keys,
    Terms,
    Validator,
)
from keel.model.allocation import Operator
from keel.model.constants import ETHER, GWEI
from keel.model.frames import State
from keel.model.key_stage import Stage
from keel.sight.key_lives import KeyLife

KEEPER = "0x00000000000000000000000000000000000000a1"
SLOT_SECONDS = 12
EPOCH_SLOTS = 8
EPOCH = 100
SHARD_COMMITTEE_PERIOD = 10
HORIZON_SECONDS = 5 * 4 * EPOCH_SLOTS * SLOT_SECONDS
FULL_GWEI = 32 * GWEI

TERMS = Terms(
    kinds=frozenset(Kind),
    grace_slots=4,
    exit_horizon_seconds=HORIZON_SECONDS,
    retry_seconds=4 * HORIZON_SECONDS,
    max_exit_fee_wei=10**15,
    exit_fee_margin_bps=5_000,
    most_validators=150,
    min_reward_wei=10**14,
    tip_wei=0,
    low_balance_wei=ETHER // 10,
    least_absence_gwei=10**6,
    watch_slots=7 * 4 * EPOCH_SLOTS,
)
HEAD = Head(
    slot=EPOCH * EPOCH_SLOTS,
    time=1_800_000_000 + EPOCH * EPOCH_SLOTS * SLOT_SECONDS,
    block_number=500,
    slot_seconds=SLOT_SECONDS,
    slots_per_epoch=EPOCH_SLOTS,
    base_fee_wei=0,
)
CALLER = Caller(KEEPER, ETHER)
EMPTY_COFFERS = Coffers(
    buffered_wei=0,
    owed_wei=0,
    withdrawal_vault_wei=0,
    rewards_vault_wei=0,
    stream_wei=0,
    stream_seconds=0,
)


def operator(
    operator_id: int, target_bps: int = 10_000, staked: int = 0, *, active: bool = True
) -> Operator:
    return Operator(operator_id, active, 1_000, target_bps, staked)


def pubkey(index: int) -> bytes:
    return index.to_bytes(48)


def life(number: int, operator_id: int = 0, stage: Stage = Stage.PREDEPOSITED) -> KeyLife:
    return KeyLife(pubkey(number), operator_id, stage, 400, 400)


def validator(
    index: int,
    operator_id: int = 0,
    balance_gwei: int = FULL_GWEI,
    activation_epoch: int = 5,
    **others: Any,
) -> Validator:
    return Validator(
        index,
        pubkey(index),
        operator_id,
        balance_gwei,
        others.pop("effective_gwei", FULL_GWEI),
        activation_epoch,
        **others,
    )


def standing(*validators: Validator, **others: Any) -> BeaconStanding:
    values: dict[str, Any] = {
        "slot": HEAD.slot,
        "epoch": EPOCH,
        "block_number": HEAD.block_number,
        "shard_committee_period": SHARD_COMMITTEE_PERIOD,
        "validators": validators,
        "consensus_gwei": 0,
    }
    return BeaconStanding(**(values | others))


VIEW = KeeperView(
    terms=TERMS,
    head=HEAD,
    caller=CALLER,
    state=State.NORMAL,
    stakeable_validators=0,
    free_wei=0,
    operators=(operator(0), operator(1)),
    keys=Keys(),
    beacon=standing(),
    coffers=EMPTY_COFFERS,
    exits=ExitBooks(missing_wei=10**6 * ETHER, available_parts=100, fee_wei=1),
    ballots=None,
    rewards=None,
    deadlock=None,
)


def only(findings: Findings) -> Chore:
    """The one chore that was found."""
    (chore,) = findings.chores
    return chore


def why_not(findings: Findings) -> str:
    """All reasons for what is left undone."""
    return "; ".join(undone.why for undone in findings.undone)
