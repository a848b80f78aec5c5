"""Prove predeposited keys once the beacon chain has their validators (KEY-3, KEY-4)."""

from collections.abc import Iterator, Sequence

from keel.keeper.chores import Chore, Findings, Kind, Undone, counted
from keel.keeper.view import KeeperView
from keel.sight.appearances import Appearances
from keel.sight.key_lives import KeyLife
from keel.sight.key_proofs import KeyProof

_NAMED = 3


def plan_proofs(view: KeeperView) -> Findings:
    """Prove what can be proven, and say of every other key what it waits for."""
    shown, alarms = view.keys.shown, _alarms(view)
    if not (shown.appeared or shown.may_come or shown.void):
        undone = Undone(Kind.PROVE, "no predeposited key waits for its proof")
        return Findings(undone=(undone,), alarms=alarms)
    chores = tuple(_chore(proof) for proof in view.keys.proofs if not proof.is_spare)
    return Findings(chores, tuple(Undone(Kind.PROVE, why) for why in _why_not(view)), alarms)


def plan_spare_proofs(view: KeeperView) -> Findings:
    """Prove foreign keys of operators that are frozen anyway, after everything else."""
    return Findings(tuple(_chore(proof) for proof in view.keys.proofs if proof.is_spare))


def _chore(proof: KeyProof) -> Chore:
    first = proof.keys[0]
    return Chore(
        kind=Kind.PROVE,
        key=f"prove {first.index}",
        why=foreign_why(proof) if first.is_foreign else ours_why(proof),
        contract="registry",
        function=proof.function,
        arguments=proof.arguments,
    )


def ours_why(proof: KeyProof) -> str:
    """What a proof of Keel's validators is for."""
    places = [f"{one.index} of operator {one.life.operator_id}" for one in proof.keys[:_NAMED]]
    rest = len(proof.keys) - _NAMED
    named = ", ".join(places) + (f" and {rest} more" if rest > 0 else "")
    return f"the beacon chain has {counted(len(proof.keys), 'predeposited validator')}: {named}"


def foreign_why(proof: KeyProof) -> str:
    """What the proof of somebody else's validator is for."""
    (one,) = proof.keys
    found = f"validator {one.index} of operator {one.life.operator_id} does not pay to Keel"
    return found if proof.is_spare else f"{found}: the proof freezes the operator"


def _alarms(view: KeeperView) -> dict[str, str]:
    """Name operators that are frozen, each with its newest foreign key."""
    newest = {life.operator_id: life for life in view.keys.foreign}
    texts = [
        f"operator {number}: the validator of 0x{newest[number].pubkey.hex()} does not pay to "
        "Keel; OPERATORS can unfreeze it"
        for number in (operator.operator_id for operator in view.operators if operator.frozen)
        if number in newest
    ]
    return {"operator_frozen": "; ".join(texts)} if texts else {}


def _why_not(view: KeeperView) -> Iterator[str]:
    shown, state = view.keys.shown, f"the beacon state of slot {view.beacon.slot}"
    provable = [one for one in shown.appeared if not one.is_leaving]
    if provable and not view.keys.proofs:
        yield f"{counted(len(provable), 'validator')} in {state}: {view.keys.no_proof}"
    yield from unproven(shown, state)


def unproven(shown: Appearances, state: str) -> Iterator[str]:
    """Name the keys that a state cannot prove, each with the reason; `state` says which it is."""
    for one in shown.appeared:
        if one.is_leaving:
            yield (
                f"validator {one.index} of operator {one.life.operator_id} is slashed or leaving: "
                "the registry does not take it"
            )
    if shown.queued:
        yield f"{_named(shown.queued)} in the queue of pending deposits of {state}"
    if shown.later:
        yield f"{_named(shown.later)} predeposited after {state}"
    if shown.void:
        yield (
            f"{_named(shown.void)} without validator and without pending deposit in {state}: the "
            "signature of the predeposit is void, so there will be none"
        )


def _named(lives: Sequence[KeyLife]) -> str:
    names = [f"0x{life.pubkey.hex()} of operator {life.operator_id}" for life in lives[:_NAMED]]
    rest = len(lives) - _NAMED
    more = f" and {rest} more" if rest > 0 else ""
    return f"{counted(len(lives), 'key')} ({', '.join(names)}{more})"
