"""Keel's validators as a beacon chain knows them, wherever its states are read from.

Validators are known by the public keys that the registry recorded; what they have, and whether they
are active, exited or slashed, is read from the beacon state of the slot in question.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from keel.chain.contract import Contract
from keel.keeper.key_batches import staked_pubkeys
from keel.model.balance_tree import ValidatorBalance
from keel.scenarios.beacon_view import BeaconView, Standing


class RecordedKeys(ABC):
    """The reading half of a ConsensusLayer; `operators` has the recorded keys."""

    def __init__(self, registry: Contract, first_block: int) -> None:
        self.registry = registry
        self.first_block = first_block
        self.operators: dict[bytes, int] = {}

    @property
    @abstractmethod
    def genesis_time(self) -> int:
        """Time of slot 0."""

    @property
    @abstractmethod
    def slot_seconds(self) -> int:
        """Length of a slot."""

    @property
    @abstractmethod
    def head_slot(self) -> int:
        """The present slot."""

    @property
    @abstractmethod
    def final_slot(self) -> int:
        """First slot of the latest finalised epoch: what came before is final."""

    @abstractmethod
    def view(self, slot: int) -> BeaconView:
        """Read the state at the end of a slot."""

    @abstractmethod
    def deposits_in(self, slot: int) -> Iterable[tuple[bytes, int]]:
        """Public keys and gwei of the deposits in a slot's block, none if it was missed."""

    def follow(self) -> None:
        """Learn of keys that were staked."""
        self.operators = staked_pubkeys(self.registry, self.first_block)

    def slot_at(self, time: int) -> int:
        """Slot of a moment."""
        return (time - self.genesis_time) // self.slot_seconds

    def block_at(self, time: int) -> int:
        """Return the number of the execution block in the state of a slot."""
        return self.view(self.slot_at(time)).block_number

    def total_gwei(self, time: int) -> int:
        """C: balances and pending deposits of the recorded keys."""
        view = self.view(self.slot_at(time))
        return sum(view.balance_gwei(pubkey) for pubkey in self.operators)

    def deposited_later_gwei(self, time: int) -> int:
        """P: the first deposit of each key that the state did not know, from later blocks."""
        slot = self.slot_at(time)
        missing = set(self.operators) - set(self.view(slot).by_pubkey)
        total = 0
        for later in range(slot + 1, self.head_slot + 1) if missing else ():
            for pubkey, amount_gwei in self.deposits_in(later):
                if pubkey in missing:
                    missing.remove(pubkey)
                    total += amount_gwei
        return total

    def balances(self, time: int) -> list[ValidatorBalance]:
        """Everything that `validatorsRoot` holds, in the order of staking."""
        return [
            ValidatorBalance(standing.index, pubkey, standing.balance_gwei, standing.slashed)
            for pubkey, standing in self.standings(self.slot_at(time)).items()
        ]

    def counts(self, time: int) -> dict[int, tuple[int, int, int]]:
        """Active, exited and slashed validators by operator."""
        counted: dict[int, tuple[int, int, int]] = {}
        for pubkey, standing in self.standings(self.slot_at(time)).items():
            operator_id = self.operators[pubkey]
            active, exited, slashed = counted.get(operator_id, (0, 0, 0))
            counted[operator_id] = (
                active + standing.active,
                exited + standing.exited,
                slashed + standing.slashed,
            )
        return counted

    def standings(self, slot: int | None = None) -> dict[bytes, Standing]:
        """How the recorded keys stand at a slot, by default now; unknown ones are left out."""
        view = self.view(self.head_slot if slot is None else slot)
        return {key: view.by_pubkey[key] for key in self.operators if key in view.by_pubkey}
