"""What a story asks of the consensus layer, be it a beacon chain or a script that plays one."""

from collections.abc import Sequence
from typing import Protocol

from keel.consensus.keys import ValidatorKey
from keel.model.balance_tree import ValidatorBalance


class ConsensusLayer(Protocol):
    """Times are Unix seconds; only validators that the vault staked count."""

    def follow(self) -> None:
        """Take note of what was staked since."""

    def hold_keys(self, keys: Sequence[ValidatorKey]) -> None:
        """Let operators' machines have keys, so that their validators do their duties."""

    def go_to(self, time: int) -> None:
        """Let time pass up to the slot of this moment, with a block there if one can be."""

    def await_final(self, ref_time: int) -> None:
        """Let time pass until a reference slot may be reported."""

    def block_at(self, time: int) -> int:
        """Return the number of the latest execution block at a moment."""

    def total_gwei(self, time: int) -> int:
        """C: balances and pending deposits at a moment."""

    def deposited_later_gwei(self, time: int) -> int:
        """P: what was deposited after a moment."""

    def balances(self, time: int) -> list[ValidatorBalance]:
        """Everything that `validatorsRoot` holds."""

    def counts(self, time: int) -> dict[int, tuple[int, int, int]]:
        """Active, exited and slashed validators by operator."""
