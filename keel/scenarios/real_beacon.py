"""The consensus layer of a scenario on a beacon chain: the chain decides everything.

Validators are known by the public keys that the registry recorded; what they have, and whether they
are active, exited or slashed, is read from the beacon state of the slot in question.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from keel.chain.state import block_head
from keel.consensus.beacon.chain import BeaconChain
from keel.consensus.beacon.spec import Spec, State
from keel.consensus.deposit_data import PREDEPOSIT_GWEI
from keel.consensus.keys import ValidatorKey
from keel.consensus.state.encoded_state import read_state
from keel.consensus.state.penalties import penalties_in_state
from keel.consensus.state.prover import ProvenBlock, Prover
from keel.consensus.state.tree import state_tree
from keel.deploy.contracts import OperatorRegistry
from keel.model.balance_tree import ValidatorBalance
from keel.model.constants import GWEI, TOP_UP_WEI

_TOP_UP_GWEI = TOP_UP_WEI // GWEI
_MOST_SLOTS_TO_VALIDATOR = 96
"""A deposit must be final, and the chain lets in so many an epoch."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One validator. Its balance holds pending deposits too; it may be not active yet.

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
        known = found.get(pubkey)
        if known is None:
            continue  # no validator yet, so nobody has proven it and nothing of the pool is there
        found[pubkey] = replace(
            known,
            balance_gwei=known.balance_gwei + int(pending.amount),
            pending_gwei=known.pending_gwei + int(pending.amount),
        )
    number = int(state.latest_execution_payload_header.block_number)
    return BeaconView(int(state.slot), number, found)


_KEPT_VIEWS = 8


class RealBeacon:
    """A chain in this process; `operators` has the operator of each recorded key.

    `staked_in` has the execution block that recorded it.
    """

    def __init__(
        self, chain: BeaconChain, registry: OperatorRegistry, rewards_vault: str, first_block: int
    ) -> None:
        self.registry = registry
        self.first_block = first_block
        self.operators: dict[bytes, int] = {}
        self.staked_in: dict[bytes, int] = {}
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
        last_block = block_head(self.registry.rpc).number
        staked = self.registry.events_between(self.first_block, last_block, "KeyStaked")
        self.operators = {each.inputs["pubkey"]: each.inputs["operatorId"] for each in staked}
        self.staked_in = {each.inputs["pubkey"]: each.log.block_number for each in staked}
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

    def await_validators(self, pubkeys: Collection[bytes]) -> None:
        """Let slots pass until deposits have made validators in a state that can be shown."""
        wanted = set(pubkeys)

        def are_there(_chain: BeaconChain) -> bool:
            validators = self.chain.store.state_at(self._shown_slot()).validators
            return wanted <= {bytes(each.pubkey) for each in validators}

        self.chain.run_until(are_there, _MOST_SLOTS_TO_VALIDATOR, what="a validator for each key")

    def shown(self) -> tuple[Prover, ProvenBlock]:
        """The newest state whose block EIP-4788 has: that of the parent of the latest block."""
        state = self.chain.store.state_at(self._shown_slot())
        encoded = read_state(self.chain.spec, state.encode_bytes())
        prover = Prover(encoded, state_tree(encoded))
        return prover, prover.block(int(self._head_block.body.execution_payload.timestamp))

    @property
    def _head_block(self) -> Any:
        head = self.chain.head_block
        if head is None:
            raise ValueError("there is only genesis, which no block names")
        return head.message

    def _shown_slot(self) -> int:
        parent = self.chain.store.block(bytes(self._head_block.parent_root))
        return int(parent.message.slot)

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
        return sum(one.worth_gwei for one in self.standings(self.slot_at(time)).values())

    def deposited_later_gwei(self, time: int) -> int:
        """P: for each key that was recorded later, its predeposit and the first top-up since."""
        slot = self.slot_at(time)
        block_number = self.view(slot).block_number
        missing = {key for key, block in self.staked_in.items() if block > block_number}
        total = 0
        for later in range(slot + 1, self.head_slot + 1) if missing else ():
            for pubkey, amount_gwei in self.deposits_in(later):
                if pubkey in missing and amount_gwei == _TOP_UP_GWEI:
                    missing.remove(pubkey)
                    total += PREDEPOSIT_GWEI + amount_gwei
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
        """How the keys that were recorded up to a slot stand at it, by default now."""
        view = self.view(self.head_slot if slot is None else slot)
        return {
            key: view.by_pubkey[key]
            for key in self.operators
            if self.staked_in[key] <= view.block_number
        }
