"""Prove that validators were slashed, and that they have been paid out (KEY-8, KEY-9)."""

from keel.keeper.chores import Chore, Findings, Kind, Undone
from keel.keeper.view import KeeperView
from keel.model.key_stage import Stage
from keel.sight.departures import Departed, DepartureProof


def plan_slashings(view: KeeperView) -> Findings:
    """Close doors behind what was slashed, before anything else and without a turn."""
    findings = _findings(view, is_slashed=True)
    if view.keys.blind is None:
        return findings
    why = f"slashings are looked for in whole beacon states only: {view.keys.blind}"
    return Findings(findings.chores, (*findings.undone, Undone(Kind.PROVE, why)))


def plan_withdrawals(view: KeeperView) -> Findings:
    """Release bonds of validators that have been paid out."""
    return _findings(view, is_slashed=False)


def _findings(view: KeeperView, *, is_slashed: bool) -> Findings:
    departed = [one for one in view.keys.departed if one.is_slashed is is_slashed]
    if departed and not view.keys.departures:
        why = f"{departure_why(departed[0])}; {view.keys.no_proof}"
        return Findings(undone=(Undone(Kind.PROVE, why),))
    proofs = [proof for proof in view.keys.departures if proof.departed.is_slashed is is_slashed]
    return Findings(tuple(map(_chore, proofs)))


def _chore(proof: DepartureProof) -> Chore:
    one = proof.departed
    return Chore(
        kind=Kind.PROVE,
        key=f"prove {'slashed' if one.is_slashed else 'withdrawn'} {one.index}",
        why=departure_why(one),
        contract="registry",
        function=one.function,
        arguments=proof.arguments,
        is_urgent=one.is_slashed,
    )


def departure_why(one: Departed) -> str:
    """What the proof of a departure is for."""
    validator = f"validator {one.index} of operator {one.life.operator_id}"
    if one.is_slashed:
        return f"{validator} was slashed: nobody shall leave before a report counts it"
    if one.life.stage is Stage.SLASHED:
        return f"{validator} was slashed and has been paid out: no wind-down waits for it"
    bond = "the proof releases its part of the bond, unless it merged"
    return f"{validator} has been paid out: {bond}"
