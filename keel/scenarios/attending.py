"""The committee of a chain in step with the clock: a report for every frame that becomes final."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from keel.chain.revert import Reverted
from keel.chain.transaction import receipt_of, submit_transaction
from keel.circle.reports import Reported
from keel.scenarios.beacon_world import BeaconWorld
from keel.scenarios.recorded_keys import RecordedKeys
from keel.scenarios.reporting import SignedReport, look, read_posted, sign_off
from keel.scenarios.world import World


@dataclass(frozen=True, slots=True)
class Sent:
    """A report that waits for a block."""

    signed: SignedReport
    transaction_hash: str


class Committee:
    """All five members, who look at the chain after each slot; `tell` hears of their reports.

    Fees that no operator has claimed are divided anew each time, so that nothing is remembered
    that does not stand on the chain.
    """

    def __init__(self, world: BeaconWorld, tell: Callable[[Reported], None]) -> None:
        self.world = world
        self._tell = tell
        self._sent: Sent | None = None

    def after_slot(self) -> None:
        """See to it that the newest final reference slot is reported, and retry until it is.

        Validators that were staked meanwhile get RewardsVault as their fee recipient.
        """
        self.world.beacon.follow()
        if self._sent is not None and not self._is_over(self._sent):
            return
        self._sent = None
        ref_slot = reportable_slot(self.world, self.world.beacon)
        if ref_slot is not None:
            with contextlib.suppress(Reverted):  # an announcement may be too young by a slot
                self._sent = self._send(ref_slot)

    def _is_over(self, sent: Sent) -> bool:
        """Whether a block has taken the report, or a restored snapshot has dropped it."""
        rpc = self.world.rpc
        receipt = receipt_of(rpc, sent.transaction_hash)
        if receipt is not None and receipt.succeeded:
            self._tell(read_posted(self.world, sent.signed, receipt))
        known = rpc.call("eth_getTransactionByHash", sent.transaction_hash) is not None
        return receipt is not None or not known

    def _send(self, ref_slot: int) -> Sent:
        world = self.world
        world.reward_leaves = claimed_leaves(world)
        seen, _ = look(world, ref_slot)
        signed = sign_off(world, seen, world.members)
        oracle = world.contracts.oracle
        data = oracle.encode("submit", *signed.arguments)
        return Sent(signed, submit_transaction(world.rpc, signed.sender, oracle.address, data))


def reportable_slot(world: World, beacon: RecordedKeys) -> int | None:
    """The newest reference slot that is final, None if it was reported."""
    frame_slots = world.configuration.geometry.frame_slots
    ref_slot = beacon.final_slot // frame_slots * frame_slots - 1
    _, _, last_ref_time, _ = world.contracts.vault.call("consensus")
    ref_time = world.configuration.geometry.time_of(ref_slot)
    return ref_slot if ref_time > last_ref_time else None


def claimed_leaves(world: World) -> dict[int, int]:
    """Operators' cumulative shares as far as they were claimed."""
    registry = world.contracts.registry
    operators = range(registry.call("operatorCount"))
    return {number: registry.call("claimedShares", number) for number in operators}
