"""Ether comes in.

SHR-1: a deposit mints its shares rounded down, and none is refused.
SHR-5: a deposit for wkETH mints whole units only; what is lost by that stays with all holders.
LIM-3: deposits have a daily limit.
"""

from dataclasses import replace

from keel.model.constants import DEPOSIT_PERIOD_SECONDS, SHARES_PER_UNIT
from keel.model.errors import Refused, ZeroShares
from keel.model.limits import available, take
from keel.model.protocol.state import WKETH, Protocol, check_receiver
from keel.model.shares import whole_units


def deposit(world: Protocol, now: int, receiver: str, assets_wei: int) -> tuple[Protocol, int]:
    """Mint kETH; also return the shares. Raises Refused."""
    check_receiver(receiver)
    admitted, shares = _take_in(world, now, assets_wei, 1)
    return admitted.mint_shares(receiver, shares), shares


def deposit_wrapped(
    world: Protocol, now: int, receiver: str, assets_wei: int
) -> tuple[Protocol, int]:
    """Mint wkETH; also return the units. Raises Refused."""
    admitted, shares = _take_in(world, now, assets_wei, SHARES_PER_UNIT)
    units = whole_units(shares)
    minted = admitted.mint_shares(WKETH, shares)
    return minted.credit_units(receiver, units), units


def depositable_wei(world: Protocol, now: int) -> int:
    """Largest deposit that is accepted now; 0 when closed."""
    try:
        world.require_deposits(now)
    except Refused:
        return 0
    limit = world.parameters.deposit_limit_wei
    return available(world.deposits_full_at, now, limit, DEPOSIT_PERIOD_SECONDS)


def _take_in(world: Protocol, now: int, assets_wei: int, multiple: int) -> tuple[Protocol, int]:
    world.require_deposits(now)
    shares = world.accounts.to_shares_down(assets_wei, now) // multiple * multiple
    if shares == 0:
        raise ZeroShares(assets_wei)
    full_at = take(
        world.deposits_full_at,
        now,
        assets_wei,
        world.parameters.deposit_limit_wei,
        DEPOSIT_PERIOD_SECONDS,
    )
    return replace(world, deposits_full_at=full_at).move_backing(assets_wei), shares
