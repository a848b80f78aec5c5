"""Ways to let time pass: so many slots, or until something has happened."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Self

from keel.consensus.beacon.errors import NotReachedError, UnknownValidatorError
from keel.consensus.beacon.outcome import SlotOutcome
from keel.consensus.beacon.spec import Spec, State

type OnSlot = Callable[[SlotOutcome], None]
"""Told of each slot that passed, for a progress bar."""

MOST_EPOCHS = 100
"""How long the jumps wait for what they are to reach, if nothing else is said."""


class Advancing(ABC):
    """A chain that can go ahead one slot, and therefore to any later moment."""

    spec: Spec
    state: State

    @abstractmethod
    def step(self) -> SlotOutcome:
        """Go one slot ahead."""

    def run(
        self, slots: int, on_slot: OnSlot | None = None, slot_seconds: float | None = None
    ) -> list[SlotOutcome]:
        """Let so many slots pass, as fast as possible or one each time `slot_seconds` are over.

        In step with the clock, a slot that took too long is not made up for.
        """
        outcomes = []
        due = time.monotonic()
        for _ in range(slots):
            if slot_seconds is not None:
                due = max(due + slot_seconds, time.monotonic())
                time.sleep(max(0.0, due - time.monotonic()))
            outcomes.append(self.step())
            if on_slot is not None:
                on_slot(outcomes[-1])
        return outcomes

    def run_until(
        self,
        reached: Callable[[Self], bool],
        most: int | None = None,
        on_slot: OnSlot | None = None,
        what: str = "the condition",
    ) -> int:
        """Go ahead until it is reached and return the slots that took, 0 if it was before.

        Raises NotReachedError after `most` slots.
        """
        most = MOST_EPOCHS * int(self.spec.SLOTS_PER_EPOCH) if most is None else most
        for passed in range(most + 1):
            if reached(self):
                return passed
            if passed < most:
                self.run(1, on_slot)
        raise NotReachedError(f"{what} was not reached within {most} slots")

    def to_slot(self, slot: int, on_slot: OnSlot | None = None) -> int:
        """Continue to a slot, if it is ahead."""
        return len(self.run(slot - int(self.state.slot), on_slot))

    def to_next_epoch(self, on_slot: OnSlot | None = None) -> int:
        """Go on to the first slot of the next epoch."""
        length = int(self.spec.SLOTS_PER_EPOCH)
        return self.to_slot((int(self.state.slot) // length + 1) * length, on_slot)

    def to_finality(
        self, slot: int | None = None, most: int | None = None, on_slot: OnSlot | None = None
    ) -> int:
        """Go on until a slot is finalised, by default the present one."""
        wanted = int(self.state.slot) if slot is None else slot
        epoch = -(-wanted // int(self.spec.SLOTS_PER_EPOCH))
        return self.run_until(
            lambda chain: int(chain.state.finalized_checkpoint.epoch) >= epoch,
            most,
            on_slot,
            f"finality of slot {wanted}",
        )

    def to_activation(
        self, pubkey: bytes, most: int | None = None, on_slot: OnSlot | None = None
    ) -> int:
        """Go on until a deposited validator is active; its deposit may still be pending."""
        what = f"the activation of 0x{pubkey.hex()}"
        return self.run_until(lambda chain: chain._is_active(pubkey), most, on_slot, what)

    def to_withdrawal(
        self, pubkey: bytes, most: int | None = None, on_slot: OnSlot | None = None
    ) -> int:
        """Go on until a validator that left has been paid out in full."""
        index = self.index_of(pubkey)
        what = f"the withdrawal of 0x{pubkey.hex()}"
        return self.run_until(lambda chain: chain._is_withdrawn(index), most, on_slot, what)

    def index_of(self, pubkey: bytes) -> int:
        """Index of a validator; raises UnknownValidatorError before its deposit was applied."""
        for index, validator in enumerate(self.state.validators):
            if bytes(validator.pubkey) == pubkey:
                return index
        raise UnknownValidatorError(f"no validator has the public key 0x{pubkey.hex()}")

    def _is_active(self, pubkey: bytes) -> bool:
        try:
            validator = self.state.validators[self.index_of(pubkey)]
        except UnknownValidatorError:
            return False
        return bool(
            self.spec.is_active_validator(validator, self.spec.get_current_epoch(self.state))
        )

    def _is_withdrawn(self, index: int) -> bool:
        withdrawable_epoch = self.state.validators[index].withdrawable_epoch
        left = withdrawable_epoch <= self.spec.get_current_epoch(self.state)
        return bool(left and self.state.balances[index] == 0)
