"""The consensus layer of a scenario on a beacon chain: the chain decides everything.

Validators are known by the public keys that the registry recorded; what they have, and whether they
are active, exited or slashed, is read from the beacon state of the slot in question.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.spec import Spec, State
from keel.consensus.keys import ValidatorKey
from keel.consensus.state.encoded_state import read_state
from keel.consensus.state.penalties import penalties_in_state
from keel.deploy.contracts import OperatorRegistry
from keel.model.balance_tree import ValidatorBalance
from keel.sight.recorded_keys import staked_pubkeys

NO_INDEX = 2**64 - 1
"""Index of a key whose deposit is still pending."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One key. Its balance holds pending deposits too; before activation it is not active.

    `penalty_gwei` is what a slashed one is expected to lose still.
    """

    index: int
    balance_gwei: int
    pending_gwei: int = 0
    penalty_gwei: int = 0
    active: bool = False
    exited: bool = False
    slashed: bool = False

    @property
    def worth_gwei(self) -> int:
        """What it counts in C (REP-10)."""
        return self.balance_gwei - self.penalty_gwei


@dataclass(frozen=True, slots=True)
class BeaconView:
    """`block_number` is that of the latest execution block in the state."""

    slot: int
    block_number: int
    by_pubkey: Mapping[bytes, Standing]

    def worth_gwei(self, pubkey: bytes) -> int:
        """0 for a key that the state does not know."""
        standing = self.by_pubkey.get(pubkey)
        return 0 if standing is None else standing.worth_gwei


def view_of(spec: Spec, state: State) -> BeaconView:
    """Read a state of the specification."""
    epoch = spec.get_current_epoch(state)
    found: dict[bytes, Standing] = {}
    penalties_gwei = penalties_in_state(read_state(spec, state.encode_bytes())).tolist()
    for index, (validator, balance, penalty_gwei) in enumerate(
        zip(state.validators, state.balances, penalties_gwei, strict=True)
    ):
        found[bytes(validator.pubkey)] = Standing(
            index=index,
            balance_gwei=int(balance),
            penalty_gwei=penalty_gwei,
            active=bool(spec.is_active_validator(validator, epoch)),
            exited=validator.exit_epoch <= epoch,
            slashed=bool(validator.slashed),
        )
    for pending in state.pending_deposits:
        pubkey = bytes(pending.pubkey)
        known = found.get(pubkey, Standing(NO_INDEX, 0))
        found[pubkey] = replace(
            known,
            balance_gwei=known.balance_gwei + int(pending.amount),
            pending_gwei=known.pending_gwei + int(pending.amount),
        )
    number = int(state.latest_execution_payload_header.block_number)
    return BeaconView(int(state.slot), number, found)


_KEPT_VIEWS = 8


class RealBeacon:
    """A chain in this process; `operators` has the operator of each recorded key."""

    def __init__(
        self, chain: BeaconChain, registry: OperatorRegistry, rewards_vault: str, first_block: int
    ) -> None:
        self.registry = registry
        self.first_block = first_block
        self.operators: dict[bytes, int] = {}
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
        self.operators = staked_pubkeys(self.registry, self.first_block)
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

    def slot_at(self, time: int) -> int:
        """Slot of a moment."""
        return (time - self.genesis_time) // self.slot_seconds

    def block_at(self, time: int) -> int:
        """Return the number of the execution block in the state of a slot."""
        return self.view(self.slot_at(time)).block_number

    def total_gwei(self, time: int) -> int:
        """C: balances and pending deposits of the recorded keys, less expected penalties."""
        view = self.view(self.slot_at(time))
        return sum(view.worth_gwei(pubkey) for pubkey in self.operators)

    def deposited_later_gwei(self, time: int) -> int:
        """P: the first deposit of each key that the state did not know, from later blocks."""
        slot = self.slot_at(time)
        missing = set(self.operators) - set(self.view(slot).by_pubkey)
        total = 0
        for later in range(slot + 1, self.head_slot + 1) if missing else ():
            for pubkey, amount_gwei in self.deposits_in(later):
                if pubkey in missing:
                    missing.remove(pubkey)
                    total += amount_gwei
        return total

    def balances(self, time: int) -> list[ValidatorBalance]:
        """Everything that `validatorsRoot` holds, in the order of staking."""
        return [
            ValidatorBalance(one.index, pubkey, one.balance_gwei, one.slashed, one.penalty_gwei)
            for pubkey, one in self.standings(self.slot_at(time)).items()
        ]

    def active_gwei(self, time: int) -> int:
        """The part of C that active validators have, without pending deposits."""
        standings = self.standings(self.slot_at(time)).values()
        return sum(one.worth_gwei - one.pending_gwei for one in standings if one.active)

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
        view = self.view(self.head_slot if slot is None else slot)
        return {key: view.by_pubkey[key] for key in self.operators if key in view.by_pubkey}
