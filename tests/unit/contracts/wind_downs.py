"""The dead state, ether that is there by then, and wind-downs against the model (STA-8)."""

from keel.chain.clock import jump_to, now, set_next_timestamp
from keel.chain.state import balance_wei, set_balance_wei
from keel.chain.transaction import Receipt
from keel.model.constants import DEAD_FRAMES, ETHER, WIND_DOWN_FRAMES
from keel.model.frames import State
from keel.model.queue import Queue
from tests.deployment import Keel
from tests.unit.contracts.losses import require_true_books
from tests.unit.contracts.vaults import Inputs, accounts_of, predicted, units_of

STAKED_WEI = 960 * ETHER
"""What `ticket_beyond_buffer` stakes."""


def die(
    keel: Keel, withdrawals_wei: int = 0, rewards_wei: int = 0, frames: int = DEAD_FRAMES
) -> int:
    """Go so far into the dead state with so much ether in the two vaults; return the time."""
    hold(keel, withdrawals_wei, rewards_wei)
    dead_at = accounts_of(keel).ref_time + frames * keel.profile.frame_seconds
    jump_to(keel.rpc, max(dead_at, now(keel.rpc)))
    assert keel.quick.vault.state() == State.DEAD
    return now(keel.rpc)


def die_at_last(keel: Keel, withdrawals_wei: int = 0, rewards_wei: int = 0) -> int:
    """Wait until a wind-down may book a loss."""
    return die(keel, withdrawals_wei, rewards_wei, WIND_DOWN_FRAMES)


def hold(keel: Keel, withdrawals_wei: int, rewards_wei: int) -> None:
    """Put ether into the two vaults, as the beacon chain and proposers do."""
    set_balance_wei(keel.rpc, keel.quick.withdrawal_vault.address, withdrawals_wei)
    set_balance_wei(keel.rpc, keel.quick.rewards_vault.address, rewards_wei)


def wind_down(keel: Keel, hint: int = 0) -> Receipt:
    """Call it as anyone."""
    return keel.quick.vault.windDown.send(hint, sender=keel.actors.stranger.address)


def compare(keel: Keel, queue: Queue, withdrawals_wei: int, rewards_wei: int) -> Receipt:
    """Wind down; books, queue and balances are the model's to the wei."""
    vault, at = keel.quick.vault, now(keel.rpc) + 1
    before = accounts_of(keel)
    expected_wei = before.consensus_wei + before.pending_wei
    gross_wei = withdrawals_wei + rewards_wei
    inputs: Inputs = {
        "refTime": at,
        "consensusBalanceWei": 0,
        "withdrawalsWei": withdrawals_wei,
        "rewardsWei": rewards_wei,
        "operatorsBps": 0,
    }
    model = predicted(keel, inputs, at, queue, winds_down=True)
    held_wei, bonds = balance_wei(keel.rpc, vault.address), keel.quick.bonds.forfeitUnits()
    fund = units_of(keel, keel.quick.fund.address)
    set_next_timestamp(keel.rpc, at)
    receipt = wind_down(keel, hint=7)
    after = accounts_of(keel)
    assert after.ref_time == before.ref_time
    assert after == model.accounts.__class__(
        **(vars(model.accounts) | {"ref_time": before.ref_time})
    )
    assert (after.consensus_wei, after.pending_wei, after.record_wei) == (0, 0, 0)
    pending = keel.quick.queue.pending()
    assert (pending.normalised, pending.index) == (model.queue.normalised, model.queue.index)
    shared = model.loss
    assert bonds - keel.quick.bonds.forfeitUnits() == (shared.bond_units if shared else 0)
    paid = fund - units_of(keel, keel.quick.fund.address)
    assert paid == (shared.cover_units if shared else 0)
    assert balance_wei(keel.rpc, vault.address) == held_wei + gross_wei - model.finalised_wei
    for source in (keel.quick.withdrawal_vault, keel.quick.rewards_vault):
        assert balance_wei(keel.rpc, source.address) == 0
    require_true_books(keel)
    (wound,) = vault.events(receipt, "WoundDown")
    loss_wei = max(0, expected_wei - gross_wei)
    assert wound.inputs == {
        "withdrawalsWei": withdrawals_wei,
        "rewardsWei": rewards_wei,
        "lossWei": loss_wei,
    }
    assert len(vault.events(receipt, "LossAbsorbed")) == (loss_wei > 0)
    return receipt
