"""The consensus layer of a story that runs on a beacon chain: nothing here decides anything."""

from collections.abc import Iterator, Sequence

from keel.chain.contract import Contract
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.keys import ValidatorKey
from keel.scenarios.beacon_view import BeaconView, view_of
from keel.scenarios.recorded_keys import RecordedKeys

_KEPT_VIEWS = 8


class RealBeacon(RecordedKeys):
    """A chain in this process."""

    def __init__(
        self, chain: BeaconChain, registry: Contract, rewards_vault: str, first_block: int
    ) -> None:
        super().__init__(registry, first_block)
        self.chain = chain
        self.rewards_vault = rewards_vault
        self._views: dict[tuple[int, bytes], BeaconView] = {}

    @property
    def genesis_time(self) -> int:
        """Time of slot 0."""
        return self.chain.time_at(0)

    @property
    def slot_seconds(self) -> int:
        """Length of a slot."""
        return self.chain.config.slot_seconds

    @property
    def head_slot(self) -> int:
        """The present slot."""
        return self.chain.slot

    @property
    def final_slot(self) -> int:
        """First slot of the latest finalised epoch."""
        return self.chain.finalised_epoch * int(self.chain.spec.SLOTS_PER_EPOCH)

    def follow(self) -> None:
        """Learn of keys that were staked, whose operators set RewardsVault as fee recipient."""
        super().follow()
        self.chain.fees.send_fees_of(list(self.operators), self.rewards_vault)

    def hold_keys(self, keys: Sequence[ValidatorKey]) -> None:
        """Let the chain attest and propose with these keys."""
        self.chain.keys.add(*keys)

    def go_to(self, time: int) -> None:
        """Let slots pass."""
        self.chain.to_slot(self.slot_at(time))

    def await_final(self, ref_time: int) -> None:
        """Let slots pass until the chain has finalised the reference slot."""
        self.chain.to_finality(self.slot_at(ref_time) + 1)

    def deposits_in(self, slot: int) -> Iterator[tuple[bytes, int]]:
        """Public keys and gwei of the deposits in a slot's block."""
        block = self.chain.store.block_at(slot)
        if block is not None:
            for deposit in block.message.body.execution_requests.deposits:
                yield bytes(deposit.pubkey), int(deposit.amount)

    def view(self, slot: int) -> BeaconView:
        """Read the state of a slot; the last few are kept."""
        key = (slot, self.chain.store.root_at(slot))
        if key not in self._views:
            self._views[key] = view_of(self.chain.spec, self.chain.store.state_at(slot))
            if len(self._views) > _KEPT_VIEWS:
                del self._views[next(iter(self._views))]
        return self._views[key]
