"""Ether for validators, and the operators' bonds.

STA-6: staking takes 31 ETH a validator from what the queue does not need.
KEY-6: the operator's 1 ETH, which the validator holds, becomes wkETH of its bond at the rate of a
deposit, in whole units: B falls by 31, P rises by 32, A by 1. Bonds buy nothing that deposits are
kept from: no stake while STA-3 keeps deposits closed after a loss, and while a loss comes back
(LIM-4) the rate counts what is unvested as well, up to par.
LIM-3: staking is bounded in a frame.
ACC-4: nothing is staked any more after insolvency.
BND-3: bonds are paid while the state is normal.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from keel.model import bonds as bond_rules
from keel.model.bonds import Bond
from keel.model.constants import (
    BPS,
    PREDEPOSIT_WEI,
    SHARES_PER_UNIT,
    SHARES_PER_WEI,
    TOP_UP_WEI,
    VALIDATOR_DEPOSIT_WEI,
)
from keel.model.errors import (
    DepositsClosed,
    InsufficientLiquidity,
    NothingToStake,
    Refused,
    StateNotNormal,
)
from keel.model.frames import Action, State
from keel.model.keys import Choice, choose
from keel.model.limits import available, take
from keel.model.protocol.state import BONDS, WKETH, Protocol
from keel.model.shares import to_shares_down, whole_units
from keel.model.staking_record import add_staked


def stake_keys(world: Protocol, now: int, roots: Sequence[bytes]) -> tuple[Protocol, Choice]:
    """Stake on keys in this order; also return which. Raises NothingToStake."""
    registry, choice = choose(world.registry, roots, stakeable_validators(world, now))
    if not choice.taken:
        raise NothingToStake
    units_each = bond_units(world, now)
    staked = stake(world, now, len(choice.taken))
    bonds = dict(world.bonds)
    for operator_id, validators in Counter(
        registry.key(root).operator_id for root in choice.taken
    ).items():
        bond = bonds.get(operator_id, Bond())
        bonds[operator_id] = replace(bond, units=bond.units + validators * units_each)
    return replace(staked, registry=registry, bonds=bonds), choice


def stake(world: Protocol, now: int, validators: int) -> Protocol:
    """Fund validators that hold their operators' 1 ETH. Raises Refused."""
    _require_stakes(world, now)
    if validators == 0:
        raise NothingToStake
    sent_wei = validators * TOP_UP_WEI
    if sent_wei > world.free_wei:
        raise InsufficientLiquidity(sent_wei, world.free_wei)
    staked_wei = validators * VALIDATOR_DEPOSIT_WEI
    frame_seconds = world.parameters.geometry.frame_seconds
    full_at = take(world.stakes_full_at, now, staked_wei, stake_capacity_wei(world), frame_seconds)
    units = bond_units(world, now) * validators
    bonded = world.move_backing(validators * PREDEPOSIT_WEI)
    bonded = bonded.mint_shares(WKETH, units * SHARES_PER_UNIT).credit_units(BONDS, units)
    accounts = replace(bonded.accounts, pending_wei=bonded.accounts.pending_wei + staked_wei)
    record = add_staked(world.staked, now, validators)
    return replace(bonded, accounts=accounts, staked=record, stakes_full_at=full_at)


def bond_units(world: Protocol, now: int) -> int:
    """Units of wkETH that the bond gets for one validator staked now (KEY-6)."""
    accounts = world.accounts
    at_most_par_wei = min(accounts.backing_wei, accounts.shares // SHARES_PER_WEI)
    worth_wei = max(accounts.visible_wei(now), at_most_par_wei)
    return whole_units(to_shares_down(PREDEPOSIT_WEI, accounts.shares, worth_wei))


def stake_capacity_wei(world: Protocol) -> int:
    """What can be staked in a frame (LIM-3): by what is staked, so that no newcomer lifts it."""
    terms, accounts = world.parameters, world.accounts
    on_record = accounts.record_wei + accounts.pending_wei
    return max(terms.stake_limit_bps * on_record // BPS, terms.stake_floor_wei)


def stakeable_validators(world: Protocol, now: int) -> int:
    """Validators that can be staked now; 0 when closed."""
    try:
        _require_stakes(world, now)
    except Refused:
        return 0
    frame_seconds = world.parameters.geometry.frame_seconds
    room_wei = available(world.stakes_full_at, now, stake_capacity_wei(world), frame_seconds)
    return min(world.free_wei // TOP_UP_WEI, room_wei // VALIDATOR_DEPOSIT_WEI)


def release_bond(world: Protocol, now: int, operator_id: int, exited: int) -> Protocol:
    """Release what has exited by the newest report's leaf (BND-2); raises NothingToRelease."""
    bond, staked = (
        world.bonds.get(operator_id, Bond()),
        world.registry.operators[operator_id].staked,
    )
    cooldown_seconds = world.parameters.bond_cooldown_seconds
    released = bond_rules.release(
        bond, operator_id, exited, staked, now=now, cooldown_seconds=cooldown_seconds
    )
    return replace(world, bonds={**world.bonds, operator_id: released})


def pay_bond(world: Protocol, now: int, operator_id: int, receiver: str) -> tuple[Protocol, int]:
    """Pay what has cooled down to the reward address; also return the units. Raises Refused."""
    bond = world.bonds.get(operator_id, Bond())
    units = bond_rules.payable_units(bond, operator_id, now)
    state = world.state(now)
    if state is not State.NORMAL:
        raise StateNotNormal(state)
    moved = world.debit_units(BONDS, units).credit_units(receiver, units)
    return replace(moved, bonds={**world.bonds, operator_id: bond_rules.paid(bond)}), units


def _require_stakes(world: Protocol, now: int) -> None:
    world.require_entry(Action.STAKING, now)
    if now < world.deposits_open_from:
        raise DepositsClosed(world.deposits_open_from)
