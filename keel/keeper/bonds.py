"""Have operators paid what paid out validators left behind of their bonds (BND-3)."""

from keel.formatting.amounts import shown_seconds
from keel.keeper.chores import Chore, Findings, Kind, Undone, ether, nothing
from keel.keeper.view import KeeperView
from keel.model.frames import State
from keel.sight.leaving_bonds import LeavingBond

_OPEN = (State.NORMAL, State.DEAD)


def plan_bonds(view: KeeperView) -> Findings:
    """Pay what has cooled down; the vault's state says whether anything can be paid."""
    if not view.bonds:
        return nothing(Kind.BONDS, "no part of a bond waits to be paid")
    due = [bond for bond in view.bonds if bond.payable_at <= view.head.time]
    if due and view.state not in _OPEN:
        state = view.state.name.lower()
        return nothing(Kind.BONDS, f"bonds are not paid while the protocol is {state}")
    cooling = [bond for bond in view.bonds if bond.payable_at > view.head.time]
    undone = tuple(Undone(Kind.BONDS, _why_not(bond, view.head.time)) for bond in cooling[:1])
    return Findings(tuple(map(_chore, due)), undone)


def _chore(bond: LeavingBond) -> Chore:
    return Chore(
        kind=Kind.BONDS,
        key=f"bonds 0x{bond.pubkey_root.hex()}",
        why=f"{ether(bond.units)[:-4]} wkETH of operator {bond.operator_id}'s bond has cooled down",
        contract="bonds",
        function="pay",
        arguments=(bond.pubkey_root,),
    )


def _why_not(bond: LeavingBond, now: int) -> str:
    left = shown_seconds(bond.payable_at - now)
    return f"the next part of a bond, operator {bond.operator_id}'s, cools down for {left} more"
