"""What a replay found, and whether that was expected."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

LEAST_BLOCKS = 150
"""A check of fewer blocks proves too little."""

KINDS = {
    "attestations": "attestations",
    "transactions": "transactions",
    "deposits": "deposits for new validators",
    "top_ups": "top-ups",
    "activations": "activations",
    "proposer_slashings": "proposer slashings",
    "attester_slashings": "attester slashings",
    "voluntary_exits": "voluntary exits",
    "exits_by_request": "exits by EIP-7002",
    "partial_withdrawals": "partial withdrawals asked for by EIP-7002",
    "consolidations": "consolidations by EIP-7251",
    "switches_to_compounding": "switches to compounding by EIP-7251",
    "requests_ignored": "requests to be ignored",
    "withdrawals_in_full": "withdrawals of validators that left",
    "withdrawals_as_requested": "withdrawals as requested",
    "withdrawals_of_excess": "withdrawals of the excess over 32 ETH",
    "missed_slots": "missed slots",
}
"""What the story must hold, as counting.js counts it, and how it is called."""


@dataclass(frozen=True, slots=True)
class Head:
    """State after the last slot, as the other client computed it; the root in hex."""

    slot: int
    state_root: str
    finalised_epoch: int
    validators: int
    slashed: int
    exited: int


@dataclass(frozen=True, slots=True)
class Expected:
    """What the specification came to: number of blocks, and slot and state root of the head."""

    blocks: int
    slot: int
    state_root: str


@dataclass
class Findings:
    """`refusal` says at which slot and why a block was refused; then there is no head."""

    blocks: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    refusal: str | None = None
    head: Head | None = None

    def add_block(self, counts: Mapping[str, int]) -> None:
        """Count a block that was accepted."""
        self.blocks += 1
        self.counts.update(counts)

    def disagreements(self, expected: Expected) -> list[str]:
        """Return in what the other client disagrees about the chain, nothing if it does not."""
        if self.refusal is not None:
            return [self.refusal]
        found = []
        if self.blocks != expected.blocks:
            found.append(f"{self.blocks} blocks were replayed, {expected.blocks} expected")
        if self.head is None:
            found.append("the replay says nothing of the head")
        elif (self.head.slot, self.head.state_root) != (expected.slot, expected.state_root):
            found.append(
                f"the replay ends at slot {self.head.slot} with state root "
                f"0x{self.head.state_root}; slot {expected.slot}, 0x{expected.state_root} expected"
            )
        return found

    def gaps(self) -> list[str]:
        """Return what the story was to hold and does not."""
        found = [f"no {name}" for kind, name in KINDS.items() if not self.counts[kind]]
        if self.blocks < LEAST_BLOCKS:
            found.append(f"{self.blocks} blocks, at least {LEAST_BLOCKS} expected")
        return found
