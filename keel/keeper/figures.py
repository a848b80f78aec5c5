"""What a keeper shows to Prometheus; every name begins with keel_keeper_."""

from keel.keeper.chores import Kind, Plan
from keel.keeper.view import KeeperView
from keel.model.constants import GWEI
from keel.service.metrics import Metrics


class Figures:
    """Gauges of the last head, counters of what was done."""

    def __init__(self, metrics: Metrics) -> None:
        self.sent = metrics.counter("sent", "Transactions sent", ["chore"])
        self.done = metrics.counter("done", "Transactions that succeeded", ["chore"])
        self.lost = metrics.counter("lost", "Chores that somebody else did first", ["chore"])
        self._planned = metrics.gauge("planned", "Chores in the present plan", ["chore"])
        self._balance_wei = metrics.gauge("balance_wei", "Ether of the account")
        self._stakeable = metrics.gauge(
            "stakeable_validators", "Validators that ether and limit allow"
        )
        self._keys = metrics.gauge("keys", "Keys that are not staked", ["standing"])
        self._owed_wei = metrics.gauge("owed_wei", "Q at the last beacon state")
        self._buffered_wei = metrics.gauge("buffered_wei", "B at the last beacon state")
        self._consensus_wei = metrics.gauge("consensus_wei", "C in the last beacon state")
        self._state_slot = metrics.gauge("state_slot", "Slot of the last beacon state")
        self._exit_fee_wei = metrics.gauge("exit_fee_wei", "Fee of a request by EIP-7002")

    def seen(self, view: KeeperView) -> None:
        """Show what was read."""
        self._balance_wei.set(view.caller.balance_wei)
        self._stakeable.set(view.stakeable_validators)
        keys = view.keys
        for standing, held in (
            ("proven", keys.proven),
            ("shown", keys.shown.appeared),
            ("queued", keys.shown.queued),
            ("void", keys.shown.void),
        ):
            self._keys.labels(standing).set(len(held))
        self._exit_fee_wei.set(view.exits.fee_wei)
        self._owed_wei.set(view.coffers.owed_wei)
        self._buffered_wei.set(view.coffers.buffered_wei)
        self._consensus_wei.set(view.beacon.consensus_gwei * GWEI)
        self._state_slot.set(view.beacon.slot)

    def planned(self, plan: Plan) -> None:
        """Show how many chores of each kind there are."""
        for kind in Kind:
            self._planned.labels(kind).set(sum(chore.kind is kind for chore in plan.chores))
