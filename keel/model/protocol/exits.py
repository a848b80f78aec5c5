"""Ether goes out: by tickets or at once.

ACC-3: neither is open to new requests when insolvent; claims always are.
QUE-1: a request burns shares for the growth of Q, which is never more than was asked for.
QUE-2: while the oracle is dead anyone finalises what B can pay, whatever the tickets' age.
QUE-3: anyone may claim for a ticket's owner.
INS-2: shares worth more than liquidity and its fee can pay are refused.
INS-4: shares worth what is paid are burned, the rest goes to the fund in whole units of wkETH, and
a remainder below one unit is burned too.
"""

from dataclasses import dataclass, replace

from keel.model.constants import INSOLVENT_INDEX, INSTANT_PERIOD_SECONDS, SHARES_PER_UNIT
from keel.model.errors import (
    AlreadyClaimed,
    BelowMinimumOut,
    Insolvent,
    InsufficientLiquidity,
    InsufficientShares,
    NoSuchTicket,
    NotFinalised,
    NothingToDo,
    NothingToPay,
    RedemptionPaused,
    Refused,
    StateNotDead,
    StateNotNormal,
)
from keel.model.frames import Action, Deed, State, is_open
from keel.model.limits import available, take
from keel.model.protocol.state import FUND, WKETH, Protocol
from keel.model.queue import add_ticket, check_amount, claim_wei, finalise, longest_prefix
from keel.model.redemption import fee_wei, payable_wei
from keel.model.shares import whole_units


@dataclass(frozen=True)
class Redemption:
    """What `redeem_instant` did."""

    paid_wei: int
    shares_burned: int
    shares_to_fund: int


def request(
    world: Protocol, now: int, holder: str, owner: str, *amounts_wei: int
) -> tuple[Protocol, int]:
    """Burn kETH of `holder` for tickets of `owner`; also return the last id. Raises Refused."""
    terms = world.parameters
    if world.queue.index < INSOLVENT_INDEX:
        raise Insolvent(world.accounts.visible_wei(now), world.accounts.shares)
    queue, owners = world.queue, dict(world.ticket_owners)
    for amount_wei in amounts_wei:
        check_amount(amount_wei, terms.min_ticket_wei, terms.max_ticket_wei)
        queue = add_ticket(queue, amount_wei, now)
        owners[len(queue.tickets)] = owner
    world.accounts.require_solvent(now)
    growth = queue.owed_wei - world.queue.owed_wei
    burned = world.burn_shares(holder, world.accounts.to_shares_up(growth, now))
    after = replace(burned.move_backing(-growth), queue=queue, ticket_owners=owners)
    return after, len(queue.tickets)


def claim(world: Protocol, ticket_id: int) -> tuple[Protocol, int]:
    """Pay a finalised ticket to its owner; also return the wei. Raises Refused."""
    queue = world.queue
    if not 0 < ticket_id <= len(queue.tickets):
        raise NoSuchTicket(ticket_id)
    if ticket_id not in world.ticket_owners:
        raise AlreadyClaimed(ticket_id)
    if ticket_id > queue.finalised:
        raise NotFinalised(ticket_id, queue.finalised)
    paid = claim_wei(queue, ticket_id)
    owners = {kept: owner for kept, owner in world.ticket_owners.items() if kept != ticket_id}
    less = replace(queue, held_wei=queue.held_wei - paid)
    return replace(world, queue=less, ticket_owners=owners), paid


def finalise_without_report(world: Protocol, now: int) -> tuple[Protocol, int]:
    """Finalise the longest prefix that B pays (STA-3); also return the wei. Raises Refused."""
    state = world.state(now)
    if state is not State.DEAD:
        raise StateNotDead(state)
    last_ticket = longest_prefix(world.queue, world.buffered_wei)
    queue, moved_wei = finalise(world.queue, last_ticket)
    if moved_wei == 0:
        raise NothingToDo
    return replace(world, queue=queue), moved_wei


def redeem_instant(
    world: Protocol, now: int, holder: str, shares: int, min_out_wei: int = 0
) -> tuple[Protocol, Redemption]:
    """Burn shares for ether now. Raises Refused."""
    until = world.paused_until.get(Action.INSTANT_REDEMPTION, 0)
    if now < until:
        raise RedemptionPaused(until)
    paid_wei, _ = preview_redeem_instant(world, now, shares)
    if paid_wei < min_out_wei:
        raise BelowMinimumOut(paid_wei, min_out_wei)
    full_at = take(
        world.instant_full_at,
        now,
        paid_wei,
        world.parameters.instant_limit_wei,
        INSTANT_PERIOD_SECONDS,
    )
    state = world.state(now)
    if not is_open(Deed.INSTANT_REDEMPTION, state):
        raise StateNotNormal(state)
    world.accounts.require_solvent(now)
    held = world.shares_of.get(holder, 0)
    if shares > held:
        raise InsufficientShares(holder, held, shares)
    rest = shares - world.accounts.to_shares_up(paid_wei, now)
    units = whole_units(rest)
    to_fund = units * SHARES_PER_UNIT
    given = world.move_shares(holder, WKETH, to_fund).credit_units(FUND, units)
    burned = given.burn_shares(holder, shares - to_fund).move_backing(-paid_wei)
    return replace(burned, instant_full_at=full_at), Redemption(paid_wei, shares - to_fund, to_fund)


def preview_redeem_instant(world: Protocol, now: int, shares: int) -> tuple[int, int]:
    """Ether paid for shares now and what it costs, states and daily limit apart (INS-2)."""
    assets = world.accounts.to_assets_down(shares, now)
    liquidity, curve = world.free_wei, world.fee_curve
    most = liquidity + fee_wei(curve, liquidity, liquidity)
    if assets > most:
        raise InsufficientLiquidity(assets, most)
    paid_wei = payable_wei(curve, liquidity, assets)
    if paid_wei == 0:
        raise NothingToPay(shares)
    return paid_wei, assets - paid_wei


def redeemable_wei(world: Protocol, now: int) -> int:
    """Ether that instant redemption can pay now; 0 when closed."""
    try:
        world.require_open(Action.INSTANT_REDEMPTION, now)
        world.accounts.require_solvent(now)
    except Refused:
        return 0
    limit = world.parameters.instant_limit_wei
    room = available(world.instant_full_at, now, limit, INSTANT_PERIOD_SECONDS)
    return min(world.free_wei, room)
