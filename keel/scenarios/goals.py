"""What people fast-forward to on a beacon chain with Keel."""

from collections.abc import Mapping
from dataclasses import replace

from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.goals import GOALS, Goal
from keel.deploy.bindings import Bindings

_GRACE_SLOTS = 8


def keel_goals(contracts: Bindings) -> Mapping[str, Goal]:
    """Goals of the beacon chain, where "paid" is of all tickets that were requested."""
    queue = contracts.queue

    def tickets_to_pay(_chain: BeaconChain) -> int:
        return queue.lastTicket() - queue.lastFinalised()

    paid = Goal(
        "the payment of all tickets",
        "no ticket waits to be paid: `keel request` asks for one",
        _GRACE_SLOTS,
        tickets_to_pay,
    )
    active = replace(
        GOALS["active"],
        nothing="no validator waits for its activation: `keel stake` brings ether for one",
    )
    return {"active": active, "paid": paid}
