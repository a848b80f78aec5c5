"""Post a report that has its quorum and that no member posts (REP-7, REP-8)."""

from keel.keeper.chores import Chore, Findings, Kind, counted, nothing
from keel.keeper.view import KeeperView


def plan_report(view: KeeperView) -> Findings:
    """Post it when members had their time, or say what it waits for."""
    ballots = view.ballots
    if ballots is None:
        return nothing(Kind.REPORT, "no report waits to be posted")
    name = f"the report of slot {ballots.ref_slot}"
    if ballots.signatures < ballots.needed:
        return nothing(
            Kind.REPORT, f"{name} has {ballots.signatures} of {ballots.needed} equal ballots"
        )
    if view.head.time < ballots.applicable_at:
        wait = ballots.applicable_at - view.head.time
        return nothing(Kind.REPORT, f"{name} was announced and applies in {wait} s at the earliest")
    waited = view.head.slot - ballots.since_slot
    if waited < view.terms.grace_slots:
        return nothing(
            Kind.REPORT,
            f"{name} is left to the members for {view.terms.grace_slots} slots, "
            f"{waited} have passed",
        )
    if ballots.refusal is not None:
        return nothing(Kind.REPORT, f"the oracle refuses {name}: {ballots.refusal}")
    why = (
        f"{name} has {ballots.signatures} equal ballots of {ballots.needed} needed, and for "
        f"{counted(waited, 'slot')} no member has posted it"
    )
    return Findings(
        (
            Chore(
                kind=Kind.REPORT,
                key=f"report {ballots.ref_slot}",
                why=why,
                contract="oracle",
                function="submit",
                arguments=ballots.arguments,
            ),
        )
    )
