"""Commissions: each operator's own part of profit.

COM-1: an operator's commission falls at once and rises 14 frames after its manager said so; each
change replaces one that still waits.
COM-2: operators' part of a report's profit is the mean of their commissions, weighted by OPR-5's
weights and by the seconds that each commission held of those that the report covers. What an
operator begins with counts for the seconds before, too.
COM-3: what operators receive is divided by weight times the mean commission of those seconds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from keel.model.constants import COMMISSION_RISE_FRAMES, LEAST_COMMISSION_BPS, MOST_OPERATORS_BPS
from keel.model.registry_errors import CommissionOutOfBounds


@dataclass(frozen=True, slots=True)
class CommissionChange:
    """A commission that was set at `time` and is in force from `since` on."""

    time: int
    bps: int
    since: int


@dataclass(frozen=True, slots=True)
class Commission:
    """`bps` is in force until `since`, `next_bps` from then on."""

    bps: int
    next_bps: int
    since: int

    def at(self, now: int) -> int:
        """The one in force."""
        return self.next_bps if now >= self.since else self.bps


@dataclass(frozen=True, slots=True)
class CommissionSpan:
    """The seconds that a report covers, and each operator's commission summed up over them."""

    covered_seconds: int
    bps_seconds: Mapping[int, int]

    def weighted(self, weights: Mapping[int, int]) -> dict[int, int]:
        """Weight times commission of each operator (COM-3)."""
        return {
            operator_id: weight * self.bps_seconds.get(operator_id, 0)
            for operator_id, weight in weights.items()
        }

    def operators_bps(self, weights: Mapping[int, int]) -> int:
        """Operators' part of the profit, rounded down; 0 while every weight is 0 (COM-2)."""
        total_weight = sum(weights.values())
        if not total_weight:
            return 0
        return sum(self.weighted(weights).values()) // (total_weight * self.covered_seconds)


def set_commission(before: Commission | None, now: int, bps: int, frame_seconds: int) -> Commission:
    """Change a commission, or set the first one; raises CommissionOutOfBounds (COM-1)."""
    if not LEAST_COMMISSION_BPS <= bps <= MOST_OPERATORS_BPS:
        raise CommissionOutOfBounds(bps, LEAST_COMMISSION_BPS, MOST_OPERATORS_BPS)
    present = bps if before is None else before.at(now)
    wait = COMMISSION_RISE_FRAMES * frame_seconds if bps > present else 0
    return Commission(present, bps, now + wait)


def bps_seconds(changes: Iterable[CommissionChange], start: int, end: int) -> int:
    """Sum of the commission over the seconds from `start` to `end`.

    `changes` are one operator's, in order, from its first one on.
    """
    ordered = list(changes)
    replaced_at = [change.time for change in ordered[1:]] + [end]
    total, present, counted_to = 0, ordered[0].bps, start
    for change, until in zip(ordered, replaced_at, strict=True):
        if change.since > until:
            continue  # replaced before it was in force, or not in force yet
        at = min(max(change.since, counted_to), end)
        total += present * (at - counted_to)
        present, counted_to = change.bps, at
    return total + present * (end - counted_to)
