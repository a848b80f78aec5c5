"""What a reporter shows to Prometheus; every name begins with keel_reporter_."""

from keel.committee.tally import Tally
from keel.model.report import Report
from keel.service.metrics import Metrics
from keel.sight.slot_view import SlotView


class Figures:
    """Gauges of the last head and of the last report that was built."""

    def __init__(self, metrics: Metrics) -> None:
        self.ref_slot = metrics.gauge("ref_slot", "Reference slot of the present frame")
        self.applied_ref_slot = metrics.gauge("applied_ref_slot", "Reference slot on chain")
        self.posts = metrics.counter("posts", "Reports that this member sent to the chain")
        self.silent_peers = metrics.gauge("silent_peers", "Peers that did not answer last time")
        self._consensus = metrics.gauge("consensus_balance_gwei", "C of the last report built")
        self._withdrawals = metrics.gauge("withdrawal_vault_balance_wei", "W of the last report")
        self._rewards = metrics.gauge("rewards_vault_balance_wei", "R of the last report")
        self._seconds = metrics.gauge("build_seconds", "Time it took to read state and chain")
        self._bytes = metrics.gauge("state_bytes", "Size of the last state read")
        self._ballots = metrics.gauge("ballots", "Ballots of the present frame", ["state"])

    def seen(self, view: SlotView) -> None:
        """Show what reading a slot took."""
        self._seconds.set(view.seconds)
        self._bytes.set(view.state_bytes)

    def built(self, report: Report) -> None:
        """Show a report's balances."""
        self._consensus.set(report.consensus_balance_gwei)
        self._withdrawals.set(report.withdrawal_vault_balance_wei)
        self._rewards.set(report.rewards_vault_balance_wei)

    def needed(self, signatures: int) -> None:
        """Show how many equal ballots a report needs."""
        self._ballots.labels("needed").set(signatures)

    def counted(self, own: Report, tally: Tally) -> None:
        """Show the ballots of the frame."""
        self._ballots.labels("agreeing").set(len(tally.signatures_for(own)))
        others = sum(len(camp.signatures) for camp in tally.against(own))
        self._ballots.labels("disagreeing").set(others)
