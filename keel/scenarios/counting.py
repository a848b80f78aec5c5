"""Count all ether after each report, whoever made it."""

from keel.consensus.beacon.outcome import SlotOutcome
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.identity import require_identity


class FrameCount:
    """A watcher of the chain; raises BooksBrokenError in the slot of the report that is off."""

    def __init__(self, world: BeaconWorld) -> None:
        self._world = world
        self._last_ref_time = self._ref_time()
        self.reports = 0

    def __call__(self, _outcome: SlotOutcome) -> None:
        """Count when this slot's block applied a report."""
        ref_time = self._ref_time()
        if ref_time != self._last_ref_time:
            self._last_ref_time = ref_time
            require_identity(self._world)
            self.reports += 1

    def _ref_time(self) -> int:
        _, _, ref_time, _ = self._world.contracts.vault.consensus()
        return int(ref_time)
