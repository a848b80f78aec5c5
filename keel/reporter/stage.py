"""How far the work on a reference slot is."""

from enum import StrEnum


class Stage(StrEnum):
    """Stages of a frame, in the usual order; /health shows it.

    A frame may end in any of them when the next slot is reportable.
    """

    WAITING = "waiting"  # for the first reference slot to become old enough
    FINALITY = "finality"  # the beacon nodes do not call the slot final yet
    LEAVES = "leaves"  # the leaves of the root on chain are lost, or false
    REFUSED = "refused"  # the oracle would not take the report now
    DRY_RUN = "dry run"  # shown, not signed
    WATCHING = "watching"  # no member: looks on
    HELD = "held"  # a loss beyond the bucket, and a person wants to decide
    CONFLICT = "conflict"  # another report of this slot was signed
    GATHERING = "gathering"  # too few equal ballots
    ANNOUNCED = "announced"  # a loss beyond the bucket, announced less than a frame ago
    TURN = "turn"  # another member's turn to post
    POSTING = "posting"  # sent, not mined
    APPLIED = "applied"
