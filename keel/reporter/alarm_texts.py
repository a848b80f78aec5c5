"""The texts of alarms: what is wrong, with the amounts and names that a person needs."""

from typing import Any

from keel.committee.standing import Standing
from keel.committee.tally import differences, shown
from keel.formatting.amounts import shown_ether
from keel.model.constants import GWEI
from keel.model.report import Report
from keel.reporter.assessment import Assessment
from keel.reporter.journal import ConflictingViewError


def beyond_limit_text(ref_slot: int, judgement: Any) -> str:
    """Say of our own report how far its loss is beyond the bucket (REP-8)."""
    return (
        f"slot {ref_slot}: a loss of {shown_ether(judgement.lossWei)} ETH, of which unvested "
        f"rewards do not bear {shown_ether(judgement.drawnWei)} ETH; "
        f"{shown_ether(judgement.limitWei)} ETH allowed; it has to be announced"
    )


def applied_otherwise(own: Report, standing: Standing) -> str | None:
    """Say in what the report on chain differs from ours of the same slot, None if in nothing."""
    if standing.last_ref_slot != own.ref_slot:
        return None
    pairs: dict[str, tuple[int | bytes, int | bytes]] = {
        "consensus_balance_wei": (own.consensus_balance_gwei * GWEI, standing.consensus_wei),
        "active_validators": (own.active_validators, standing.active_validators),
        "exited_validators": (own.exited_validators, standing.exited_validators),
        "slashed_validators": (own.slashed_validators, standing.slashed_validators),
        "operators_root": (own.operators_root, standing.operators_root),
    }
    fields = [
        f"{name} {shown(theirs)} where we have {shown(mine)}"
        for name, (mine, theirs) in pairs.items()
        if mine != theirs
    ]
    return f"the chain took {', '.join(fields)}" if fields else None


def conflict_text(error: ConflictingViewError) -> str:
    """Say in which fields what we see differs from what we signed."""
    fields = ", ".join(
        f"{name} signed as {shown(signed)}, now {shown(seen)}"
        for name, (signed, seen) in differences(error.signed, error.seen).items()
    )
    return f"slot {error.seen.ref_slot}: {fields}; nothing else is signed"


def foreign_text(assessment: Assessment) -> str | None:
    """Name recorded keys that pay to somebody else, None when there are none."""
    if not assessment.foreign:
        return None
    keys = ", ".join(
        f"0x{key.pubkey.hex()[:16]}... of operator {key.operator_id}" for key in assessment.foreign
    )
    return f"slot {assessment.report.ref_slot}: not counted, with other credentials: {keys}"
