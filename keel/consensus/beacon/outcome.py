"""The outcome of one slot."""

from collections.abc import Sequence
from dataclasses import dataclass

from keel.consensus.beacon.execution import Credit


@dataclass(frozen=True, slots=True)
class Moved:
    """Somebody moved Anvil alone: when it was seen, and what was done about it."""

    slot: int
    told: str

    def __str__(self) -> str:
        return f"slot {self.slot}: {self.told}"


@dataclass(frozen=True, slots=True)
class SlotOutcome:
    """`missed` says why there is no block, and then `root` is None.

    `mev_wei` is what the builder paid, 0 if the recipient refused it. `realigned` tells what was
    done before the slot because somebody had moved Anvil alone.
    """

    slot: int
    proposer: int
    root: bytes | None
    missed: str | None = None
    block_number: int | None = None
    transactions: int = 0
    withdrawals: Sequence[Credit] = ()
    mev_wei: int = 0
    realigned: str | None = None
