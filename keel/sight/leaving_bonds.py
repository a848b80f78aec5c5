"""Parts of bonds that paid out validators left behind and that were not paid yet (BND-2, BND-3)."""

from collections.abc import Iterable
from dataclasses import dataclass

from keel.chain.abi import Event

BOND_EVENTS = ("BondReleased", "BondPaid")


@dataclass(frozen=True, slots=True)
class LeavingBond:
    """Units of wkETH of one key's operator; anyone has them paid from `payable_at` on."""

    operator_id: int
    pubkey_root: bytes
    units: int
    payable_at: int


def leaving_bonds(events: Iterable[Event]) -> tuple[LeavingBond, ...]:
    """What waits to be paid, in the order of release; events in the chain's order."""
    waiting: dict[bytes, LeavingBond] = {}
    for event in events:
        if event.name not in BOND_EVENTS:
            continue
        given, root = event.inputs, event.inputs["pubkeyRoot"]
        if event.name == "BondPaid":
            del waiting[root]
        elif given["units"]:
            waiting[root] = LeavingBond(
                given["operatorId"], root, given["units"], given["payableAt"]
            )
    return tuple(waiting.values())
