"""Ether for validators, and the operators' bonds.

STA-6: staking takes 31 ETH a validator from what the queue does not need.
KEY-6: the operator's 1 ETH, which the validator holds, becomes wkETH of its bond at the rate of a
deposit, in whole units: B falls by 31, P rises by 32, A by 1. Bonds buy nothing that deposits are
kept from: no stake while STA-3 keeps deposits closed after a loss, and while a loss comes back
(LIM-4) the rate counts what is unvested as well, up to par.
KEY-10: more stake on one validator is bonded and bounded alike.
LIM-3: staking is bounded in a frame.
ACC-4: nothing is staked any more after insolvency.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from keel.model import key_ends
from keel.model.bonds import Bond, with_parts
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
)
from keel.model.frames import Action
from keel.model.keys import Choice, ShownValidator, choose
from keel.model.limits import available, take
from keel.model.protocol.state import BONDS, WKETH, Protocol
from keel.model.shares import to_shares_down, whole_units
from keel.model.staking_record import add_staked


def stake_keys(world: Protocol, now: int, roots: Sequence[bytes]) -> tuple[Protocol, Choice]:
    """Stake on keys in this order; also return which. Raises NothingToStake."""
    registry, choice = choose(world.registry, roots, stakeable_validators(world, now))
    if not choice.taken:
        raise NothingToStake
    parts = Counter(registry.key(root).operator_id for root in choice.taken)
    staked = _bonded(stake(world, now, len(choice.taken)), parts, bond_units(world, now))
    return replace(staked, registry=registry), choice


def stake_more(
    world: Protocol, now: int, root: bytes, parts: int, *, value_wei: int, shown: ShownValidator
) -> Protocol:
    """Stake so many times 32 ETH more on a validator (KEY-10). Raises Refused."""
    registry = key_ends.stake_more(world.registry, root, parts, value_wei, shown)
    operator_id = registry.key(root).operator_id
    staked = _bonded(stake(world, now, parts), {operator_id: parts}, bond_units(world, now))
    return replace(staked, registry=registry)


def _bonded(world: Protocol, parts: Mapping[int, int], units_each: int) -> Protocol:
    bonds = dict(world.bonds)
    for operator_id, count in parts.items():
        bonds[operator_id] = with_parts(bonds.get(operator_id, Bond()), count, units_each)
    return replace(world, bonds=bonds)


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
    """Units of wkETH that the bond gets for each 32 ETH staked now (KEY-6)."""
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


def _require_stakes(world: Protocol, now: int) -> None:
    world.require_entry(Action.STAKING, now)
    if now < world.deposits_open_from:
        raise DepositsClosed(world.deposits_open_from)
