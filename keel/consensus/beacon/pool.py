"""Attestations and operations that wait for a block."""

from dataclasses import dataclass, field
from typing import Any

from keel.consensus.beacon.errors import OperationRefusedError
from keel.consensus.beacon.spec import Spec, State

_RULES = {
    "proposer_slashings": "process_proposer_slashing",
    "attester_slashings": "process_attester_slashing",
    "voluntary_exits": "process_voluntary_exit",
}
_LIMITS = {
    "proposer_slashings": "MAX_PROPOSER_SLASHINGS",
    "attester_slashings": "MAX_ATTESTER_SLASHINGS_ELECTRA",
    "voluntary_exits": "MAX_VOLUNTARY_EXITS",
}

type Operations = dict[str, tuple[Any, ...]]
"""Operations by the name of the block body's field, in the order in which blocks process them."""


@dataclass
class Pool:
    """What waits, the oldest first."""

    attestations: list[Any] = field(default_factory=list)
    operations: Operations = field(default_factory=lambda: dict.fromkeys(_RULES, ()))

    def clear(self) -> None:
        """Drop everything, after the chain went back to before it was made."""
        self.attestations, self.operations = [], dict.fromkeys(_RULES, ())

    def submit(self, spec: Spec, state: State, field_name: str, operation: Any) -> None:
        """Queue an operation for the next block, its signatures verified by the specification.

        `field_name` is that of the block body. Raises OperationRefusedError.
        """
        if not _applies(spec, state.copy(), field_name, operation):
            raise OperationRefusedError(
                f"{_RULES[field_name].removeprefix('process_').replace('_', ' ')} is refused by "
                f"the specification at slot {int(state.slot)}"
            )
        self.operations[field_name] += (operation,)

    def take_attestations(self, spec: Spec, state: State) -> list[Any]:
        """Take what a block of the state's slot may carry, the newest first; drop what is late."""
        epochs = (spec.get_previous_epoch(state), spec.get_current_epoch(state))
        timely = [a for a in self.attestations if a.data.target.epoch in epochs]
        timely.sort(key=lambda attestation: int(attestation.data.slot), reverse=True)
        most = int(spec.MAX_ATTESTATIONS_ELECTRA)
        self.attestations = timely[most:]
        return timely[:most]

    def take_operations(self, spec: Spec, state: State, payload: Any) -> Operations:
        """Take as many operations as a block may carry, without those that no longer apply.

        They are tried in the block's order on a copy of the state, after its withdrawals.
        """
        taken: Operations = dict.fromkeys(_RULES, ())
        if not any(self.operations.values()):
            return taken
        trial = state.copy()
        spec.process_withdrawals(trial, payload)
        for name in _RULES:
            most = int(getattr(spec, _LIMITS[name]))
            while self.operations[name] and len(taken[name]) < most:
                operation, *rest = self.operations[name]
                self.operations[name] = tuple(rest)
                before = trial.copy()
                if _applies(spec, trial, name, operation):
                    taken[name] += (operation,)
                else:
                    trial = before
        return taken


def _applies(spec: Spec, state: State, field_name: str, operation: Any) -> bool:
    """Whether the specification takes the operation; its refusals are assertions."""
    try:
        getattr(spec, _RULES[field_name])(state, operation)
    except (AssertionError, IndexError):
        return False
    return True
