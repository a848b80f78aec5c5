"""The consensus layer of a story that runs on a beacon chain: nothing here decides anything.

Validators are known by the public keys that the registry recorded; what they have, and whether they
are active, exited or slashed, is read from the beacon state of the slot in question.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from keel.chain.contract import Contract
from keel.consensus.beacon.advancing import OnSlot
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.keys import ValidatorKey
from keel.keeper.key_batches import staked_pubkeys
from keel.scenarios.balance_tree import ValidatorBalance
from keel.scenarios.beacon_view import BeaconView, Standing, view_of

_KEPT_VIEWS = 8


@dataclass
class RealBeacon:
    """`operators` has the recorded keys; `on_slot` is told of every slot that passes."""

    chain: BeaconChain
    registry: Contract
    rewards_vault: str
    first_block: int
    on_slot: OnSlot | None = None
    operators: dict[bytes, int] = field(default_factory=dict)
    _views: dict[tuple[int, bytes], BeaconView] = field(default_factory=dict, repr=False)

    def follow(self) -> None:
        """Learn of keys that were staked, whose operators set RewardsVault as fee recipient."""
        self.operators = staked_pubkeys(self.registry, self.first_block)
        self.chain.fees.send_fees_of(list(self.operators), self.rewards_vault)

    def hold_keys(self, keys: Sequence[ValidatorKey]) -> None:
        """Let the chain attest and propose with these keys."""
        self.chain.keys.add(*keys)

    def go_to(self, time: int) -> None:
        """Let slots pass."""
        self.chain.to_slot(self.slot_at(time), self.on_slot)

    def await_final(self, ref_time: int) -> None:
        """Let slots pass until the chain has finalised the reference slot."""
        self.chain.to_finality(self.slot_at(ref_time) + 1, on_slot=self.on_slot)

    def block_at(self, time: int) -> int:
        """Return the number of the execution block in the state of a slot."""
        return self.view(self.slot_at(time)).block_number

    def total_gwei(self, time: int) -> int:
        """C: balances and pending deposits of the recorded keys."""
        view = self.view(self.slot_at(time))
        return sum(view.balance_gwei(pubkey) for pubkey in self.operators)

    def deposited_later_gwei(self, time: int) -> int:
        """P: the first deposit of each key that the state did not know, from later blocks."""
        slot = self.slot_at(time)
        missing = set(self.operators) - set(self.view(slot).by_pubkey)
        total = 0
        for later in range(slot + 1, self.chain.slot + 1) if missing else ():
            block = self.chain.store.block_at(later)
            deposits = [] if block is None else block.message.body.execution_requests.deposits
            for deposit in deposits:
                pubkey = bytes(deposit.pubkey)
                if pubkey in missing:
                    missing.remove(pubkey)
                    total += int(deposit.amount)
        return total

    def balances(self, time: int) -> list[ValidatorBalance]:
        """Everything that `validatorsRoot` holds, in the order of staking."""
        return [
            ValidatorBalance(standing.index, pubkey, standing.balance_gwei, standing.slashed)
            for pubkey, standing in self.standings(self.slot_at(time)).items()
        ]

    def counts(self, time: int) -> dict[int, tuple[int, int, int]]:
        """Active, exited and slashed validators by operator."""
        counted: dict[int, tuple[int, int, int]] = {}
        for pubkey, standing in self.standings(self.slot_at(time)).items():
            operator_id = self.operators[pubkey]
            active, exited, slashed = counted.get(operator_id, (0, 0, 0))
            counted[operator_id] = (
                active + standing.active,
                exited + standing.exited,
                slashed + standing.slashed,
            )
        return counted

    def standings(self, slot: int | None = None) -> dict[bytes, Standing]:
        """How the recorded keys stand at a slot, by default now; unknown ones are left out."""
        view = self.view(self.chain.slot if slot is None else slot)
        return {key: view.by_pubkey[key] for key in self.operators if key in view.by_pubkey}

    def slot_at(self, time: int) -> int:
        """Slot of a moment."""
        return (time - self.chain.time_at(0)) // self.chain.config.slot_seconds

    def view(self, slot: int) -> BeaconView:
        """Read the state of a slot; the last few are kept."""
        key = (slot, self.chain.store.root_at(slot))
        if key not in self._views:
            self._views[key] = view_of(self.chain.spec, self.chain.store.state_at(slot))
            if len(self._views) > _KEPT_VIEWS:
                del self._views[next(iter(self._views))]
        return self._views[key]
