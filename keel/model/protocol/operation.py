"""What keeps the protocol going between reports.

STA-4: three actions can be paused, each apart, for a bounded time and half of it at most.
STA-5: while the oracle is dead anyone brings withdrawals into B; C falls by the same, then P.
STA-8: in the dead state, once no key is live, anyone winds down: what the two vaults hold comes in,
what is missing of C + P is a loss without a bucket, once 90 frames have passed since the last
reference slot and 10 since the last proof of a payout; what is more vests within 30 frames, without
a fee; the reference time stays.
OPR-4: operators claim shares that reports minted for them.
"""

from dataclasses import replace

from keel.model.constants import GWEI, LAST_PAYOUT_FRAMES, SWEEP_FRAMES, WIND_DOWN_FRAMES
from keel.model.errors import (
    KeysLive,
    NothingToDo,
    PauseTooLong,
    PauseTooSoon,
    StateNotDead,
    SweepTooEarly,
    WindDownTooEarly,
)
from keel.model.frames import Action, State
from keel.model.protocol.reporting import outcome_of, settle
from keel.model.protocol.state import REGISTRY, Protocol
from keel.model.report import Judgement, Outcome
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
    _require_dead(world, now)
    _require_ether_rested(world, now)
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


def wind_down(world: Protocol, now: int) -> tuple[Protocol, Outcome]:
    """Bring in what the two vaults hold, settle C + P; also return what it did. Raises Refused."""
    _require_dead(world, now)
    if live := world.registry.live_keys:
        raise KeysLive(live)
    accounts = world.accounts
    expected_wei = accounts.consensus_wei + accounts.pending_wei
    arrived_wei = world.withdrawal_vault_wei + world.rewards_vault_wei
    if not expected_wei:
        if not arrived_wei:
            raise NothingToDo
        _require_ether_rested(world, now)
    loss_wei = max(0, expected_wei - arrived_wei)
    if loss_wei:
        _require_arrived(world, now)
    judgement = Judgement(
        ref_time=now,
        covered_seconds=now - accounts.ref_time,
        consensus_wei=0,
        pending_wei=0,
        settled_wei=accounts.pending_wei,
        growth_wei=max(0, arrived_wei - expected_wei),
        loss_wei=loss_wei,
        drawn_wei=max(0, loss_wei - accounts.unvested_wei(now)),
        beyond_limit=False,
        limit_wei=0,
        withdrawals_wei=world.withdrawal_vault_wei,
        rewards_wei=world.rewards_vault_wei,
        winds_down=True,
    )
    outcome = outcome_of(world, judgement, now)
    kept = replace(outcome.accounts, ref_time=accounts.ref_time)
    return settle(world, now, judgement, replace(outcome, accounts=kept)), outcome


def _require_dead(world: Protocol, now: int) -> None:
    state = world.state(now)
    if state is not State.DEAD:
        raise StateNotDead(state)


def _require_arrived(world: Protocol, now: int) -> None:
    frame_seconds = world.parameters.geometry.frame_seconds
    possible_at = max(
        world.accounts.ref_time + WIND_DOWN_FRAMES * frame_seconds,
        world.registry.last_withdrawn_at + LAST_PAYOUT_FRAMES * frame_seconds,
    )
    if now < possible_at:
        raise WindDownTooEarly(possible_at, now)


def _require_ether_rested(world: Protocol, now: int) -> None:
    possible_at = world.ether_moved_at + SWEEP_FRAMES * world.parameters.geometry.frame_seconds
    if now < possible_at:
        raise SweepTooEarly(possible_at, now)


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
