"""What keeps the protocol going between reports.

STA-4: three actions can be paused, each apart, for a bounded time and half of it at most.
STA-5: while the oracle is dead anyone brings withdrawals into B; C falls by the same, then P.
OPR-4: operators claim shares that reports minted for them.
"""

from dataclasses import replace

from keel.model.constants import GWEI, SWEEP_FRAMES
from keel.model.errors import (
    NothingToDo,
    PauseTooLong,
    PauseTooSoon,
    StateNotDead,
    SweepTooEarly,
)
from keel.model.frames import Action, State
from keel.model.protocol.state import REGISTRY, Protocol
from keel.model.rewards import claim_reward


def pause(world: Protocol, now: int, action: Action, seconds: int) -> Protocol:
    """Pause an action for `seconds`, 0 ending a pause; raises PauseTooLong or PauseTooSoon."""
    longest = world.parameters.max_pause_seconds
    if seconds > longest:
        raise PauseTooLong(seconds, longest)
    began, ended = world.pauses.get(action, (0, 0))
    if seconds == 0:
        ended = min(now, ended)
    elif now < (possible_at := 2 * ended - began):
        raise PauseTooSoon(possible_at, now)
    else:
        began, ended = now, now + seconds
    return replace(
        world,
        pauses={**world.pauses, action: (began, ended)},
        paused_until={**world.paused_until, action: now + seconds},
    )


def sweep(world: Protocol, now: int) -> tuple[Protocol, int]:
    """Bring withdrawals into B without a report; also return the wei. Raises Refused."""
    state = world.state(now)
    if state is not State.DEAD:
        raise StateNotDead(state)
    possible_at = world.ether_moved_at + SWEEP_FRAMES * world.parameters.geometry.frame_seconds
    if now < possible_at:
        raise SweepTooEarly(possible_at, now)
    consensus_wei, pending_wei = world.accounts.consensus_wei, world.accounts.pending_wei
    from_consensus_wei = min(world.withdrawal_vault_wei, consensus_wei)
    left_wei = world.withdrawal_vault_wei - from_consensus_wei
    from_pending_wei = min(left_wei // GWEI * GWEI, pending_wei)
    moved_wei = from_consensus_wei + from_pending_wei
    if moved_wei == 0:
        raise NothingToDo
    accounts = replace(
        world.accounts,
        consensus_wei=consensus_wei - from_consensus_wei,
        pending_wei=pending_wei - from_pending_wei,
    )
    after = replace(
        world,
        accounts=accounts,
        ether_moved_at=now,
        withdrawal_vault_wei=world.withdrawal_vault_wei - moved_wei,
    )
    return after, moved_wei


def receive_income(world: Protocol, withdrawals_wei: int = 0, rewards_wei: int = 0) -> Protocol:
    """Let ether arrive in the two vaults; no term of the accounts follows it (ACC-2)."""
    return replace(
        world,
        withdrawal_vault_wei=world.withdrawal_vault_wei + withdrawals_wei,
        rewards_vault_wei=world.rewards_vault_wei + rewards_wei,
    )


def claim_operator_reward(
    world: Protocol, operator_id: int, receiver: str, cumulative_shares: int
) -> tuple[Protocol, int]:
    """Pay an operator's proven leaf; also return the shares. Raises Refused."""
    pool, shares = claim_reward(world.operator_rewards, operator_id, cumulative_shares)
    moved = world.move_shares(REGISTRY, receiver, shares)
    return replace(moved, operator_rewards=pool), shares
