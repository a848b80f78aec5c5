"""Commands that let slots pass: so many, or until something has happened."""

from collections.abc import Callable

from keel.consensus.beacon.control.arguments import GoalName, PublicKey, Slot, Slots
from keel.consensus.beacon.control.desk import Desk, Result, status
from keel.consensus.beacon.control.limits import MOST_SLOTS
from keel.consensus.beacon.control.names import is_known, named_pubkey
from keel.consensus.beacon.errors import BadArgumentError
from keel.consensus.beacon.goals import reach


def run(desk: Desk, slots: Slots) -> Result:
    """Let so many slots pass."""
    desk.chain.run(slots, desk.on_slot)
    return status(desk)


def epoch(desk: Desk, count: Slots) -> Result:
    """Go on to the first slot of a later epoch."""
    for _ in range(count):
        desk.chain.to_next_epoch(desk.on_slot)
    return status(desk)


def finality(desk: Desk, slot: Slot | None) -> Result:
    """Go on until a slot, by default the present one, is finalised."""
    desk.chain.to_finality(slot, on_slot=desk.on_slot)
    return status(desk)


def reach_goal(desk: Desk, goal: GoalName) -> Result:
    """Continue until all deposited validators are active, or all exiting ones are paid."""
    reach(desk.chain, desk.goals[goal], desk.on_slot)
    return status(desk)


def to_slot(desk: Desk, slot: Slot) -> Result:
    """Continue to a slot that is ahead."""
    chain = desk.chain
    if not chain.slot < slot <= chain.slot + MOST_SLOTS:
        raise BadArgumentError(
            f"slot {slot}: one of {chain.slot + 1} to {chain.slot + MOST_SLOTS} expected"
        )
    chain.to_slot(slot, desk.on_slot)
    return status(desk)


def activation(desk: Desk, pubkey: PublicKey) -> Result:
    """Go on until a validator is active, whose deposit must come within an epoch."""
    chain = desk.chain
    whole = named_pubkey(chain, pubkey)
    _within_an_epoch(desk, lambda: is_known(chain, whole), f"the deposit of 0x{whole.hex()}")
    chain.to_activation(whole, on_slot=desk.on_slot)
    return status(desk)


def withdrawal(desk: Desk, pubkey: PublicKey) -> Result:
    """Go on until a validator has been paid out, whose exit must come within an epoch."""
    chain = desk.chain
    whole = named_pubkey(chain, pubkey)
    index = chain.index_of(whole)
    never = chain.spec.FAR_FUTURE_EPOCH
    _within_an_epoch(
        desk,
        lambda: chain.state.validators[index].exit_epoch != never,
        f"the exit of validator {index}",
    )
    chain.to_withdrawal(whole, on_slot=desk.on_slot)
    return status(desk)


def _within_an_epoch(desk: Desk, reached: Callable[[], bool], what: str) -> None:
    """Let slots pass for what is on its way; raises NotReachedError for what is not."""
    epoch_slots = int(desk.chain.spec.SLOTS_PER_EPOCH)
    desk.chain.run_until(lambda _: reached(), epoch_slots, desk.on_slot, what)
