"""Show the balances of validators that look absent, so that they become inactive (REQ-5, EXT-8)."""

from keel.keeper.chores import Chore, Findings, Kind, counted, ether, nothing
from keel.keeper.view import KeeperView, Validator
from keel.model.commitment import public_key_hash
from keel.model.constants import GWEI, VALIDATOR_DEPOSIT_WEI


def absent_validators(view: KeeperView) -> tuple[Validator, ...]:
    """Those whose balance is to be shown now, the first ones first."""
    terms, shown_slots = view.terms, view.exits.balance_slots
    most_gwei = VALIDATOR_DEPOSIT_WEI // GWEI - terms.least_absence_gwei
    return tuple(
        v
        for v in view.beacon.validators
        if v.is_absent
        and v.is_ours
        and not (v.is_leaving or v.slashed)
        and v.balance_gwei <= most_gwei
        and (
            v.pubkey not in shown_slots
            or shown_slots[v.pubkey] + terms.watch_slots <= view.beacon.slot
        )
        and v.pubkey not in view.exits.gone
        and _key(view, v) not in view.aside
    )


def plan_absences(view: KeeperView) -> Findings:
    """Show one balance, with its proof, or say that none is to be shown."""
    absent = absent_validators(view)
    if not absent:
        return nothing(Kind.EXIT, "no absent validator's balance is to be shown (REQ-5)")
    first = absent[0]
    why = (
        f"validator {first.index} of operator {first.operator_id} looks absent with "
        f"{ether(first.balance_gwei * GWEI)}: two balances 7 frames apart make it inactive"
    )
    if len(absent) > 1:
        why += f", and so does {counted(len(absent) - 1, 'other')}"
    call = view.exit_proofs.balances.get(first.index)
    if call is None:
        return nothing(Kind.EXIT, f"{why}. No proof yet: {view.exit_proofs.no_proof}")
    chore = Chore(
        kind=Kind.EXIT,
        key=_key(view, first),
        why=why,
        contract="exits",
        function="noteBalance",
        arguments=(public_key_hash(first.pubkey), *call),
        is_candidate=True,
    )
    return Findings((chore,))


def _key(view: KeeperView, validator: Validator) -> str:
    return f"balance {validator.index} {view.exits.balance_slots.get(validator.pubkey, 0)}"
