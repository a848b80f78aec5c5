"""Who takes part in the chain, and which slots go without a block on purpose."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from keel.consensus.beacon.keyring import Keyring
from keel.consensus.beacon.spec import Spec, State


@dataclass
class Participation:
    """Validators that are offline, by index, and slots to miss."""

    keys: Keyring
    offline: set[int] = field(default_factory=set)
    missed_slots: set[int] = field(default_factory=set)

    def go_offline(self, indices: Iterable[int]) -> None:
        """Let validators neither attest nor propose until they come back."""
        self.offline |= set(indices)

    def come_back(self, indices: Iterable[int] | None = None) -> None:
        """Bring validators back, by default all of them."""
        self.offline -= self.offline.copy() if indices is None else set(indices)

    def miss(self, slots: Iterable[int]) -> None:
        """Leave these slots without a beacon block, and so without a block on Anvil."""
        self.missed_slots |= set(slots)

    def takes_part(self, state: State, index: int) -> bool:
        """Whether a validator does its duties: online, its key is here, and it is not slashed."""
        validator = state.validators[index]
        return (
            index not in self.offline
            and bytes(validator.pubkey) in self.keys
            and not validator.slashed
        )

    def reason_to_miss(self, state: State, proposer: int) -> str | None:
        """Why the state's slot gets no block, None if it gets one."""
        if int(state.slot) in self.missed_slots:
            return "asked for"
        validator = state.validators[proposer]
        if validator.slashed:
            return "proposer slashed"
        if bytes(validator.pubkey) not in self.keys:
            return "key of the proposer unknown"
        return "proposer offline" if proposer in self.offline else None


def enough_to_stop_finality(spec: Spec, state: State) -> list[int]:
    """Return just as many active validators as hold more than a third of the effective balance.

    The least rich of them is the last one; without it finality would go on.
    """
    epoch = spec.get_current_epoch(state)
    active = spec.get_active_validator_indices(state, epoch)
    total = int(spec.get_total_active_balance(state))
    chosen: list[int] = []
    held = 0
    for index in active:
        if 3 * held > total:
            break
        chosen.append(int(index))
        held += int(state.validators[index].effective_balance)
    return chosen
