"""The beacon chain: one slot after the other, on Anvil and in the specification's state."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from keel.chain.rpc import RpcClient
from keel.consensus.beacon.advance import Advancing, OnSlot
from keel.consensus.beacon.attestations import attest
from keel.consensus.beacon.config import ChainConfig
from keel.consensus.beacon.execution import Credit, ExecutionLayer, prepare_execution
from keel.consensus.beacon.fees import Fees, mev_was_paid, submit_mev_payment
from keel.consensus.beacon.genesis import GenesisValidator, genesis_state, genesis_validators
from keel.consensus.beacon.keyring import Keyring
from keel.consensus.beacon.outcome import Moved, SlotOutcome
from keel.consensus.beacon.participation import Participation
from keel.consensus.beacon.payload import FoldedPayloads, fold_payload, fold_requests
from keel.consensus.beacon.pool import Pool
from keel.consensus.beacon.proposals import Contents, propose
from keel.consensus.beacon.realignment import realign
from keel.consensus.beacon.remembered import copied
from keel.consensus.beacon.spec import Block, Spec, State, load_spec
from keel.consensus.beacon.store import Store
from keel.consensus.beacon.turns import Turns


class BeaconChain(Advancing):
    """A chain at its head. `state` is that of the current slot and is never changed in place.

    Other threads read it in their `turns`; `listeners` are called after each change of the head,
    still in the turn of whoever changed it. `watchers` are told of each slot once that turn is
    over, so that they may wait for somebody who reads the chain. `moved` is the last time that
    somebody moved Anvil alone.
    """

    def __init__(
        self, config: ChainConfig, spec: Spec, rpc: RpcClient, state: State, store: Store
    ) -> None:
        self.config = config
        self.spec = spec
        self.rpc = rpc
        self.state = state
        self.store = store
        self.keys = Keyring()
        self.participation = Participation(self.keys)
        self.fees = Fees()
        self.pool = Pool()
        self.execution = ExecutionLayer(rpc)
        self.payloads = FoldedPayloads(spec)
        self.turns = Turns()
        self.listeners: list[Callable[[], None]] = []
        self.watchers: list[OnSlot] = []
        self.moved: Moved | None = None
        spec.EXECUTION_ENGINE = self.payloads

    @property
    def slot(self) -> int:
        """Slot of the head."""
        return int(self.state.slot)

    @property
    def epoch(self) -> int:
        """Epoch of the head."""
        return int(self.spec.get_current_epoch(self.state))

    @property
    def finalised_epoch(self) -> int:
        """Latest finalised epoch, 0 before there is one."""
        return int(self.state.finalized_checkpoint.epoch)

    @property
    def head_root(self) -> bytes:
        """Root of the latest block."""
        return self.store.root_at(self.slot)

    @property
    def head_block(self) -> Block | None:
        """Return the latest block, None while there is only genesis."""
        return (
            None if self.head_root == self.store.genesis_root else self.store.block(self.head_root)
        )

    def time_at(self, slot: int) -> int:
        """Unix time at which a slot begins."""
        return int(self.spec.compute_time_at_slot(self.state.genesis_time, self.spec.Slot(slot)))

    def takes_part(self, index: int) -> bool:
        """Whether a validator does its duties at present."""
        return self.participation.takes_part(self.state, index)

    def step(self) -> SlotOutcome:
        """Go one slot ahead: a block on both layers, or none on either."""
        with self.turns.taking():
            outcome = self._step()
            self.announce()
        for watcher in list(self.watchers):
            watcher(outcome)
        return outcome

    def announce(self) -> None:
        """Tell the listeners that the head has changed."""
        for listener in self.listeners:
            listener()

    def _step(self) -> SlotOutcome:
        time = self.time_at(self.slot + 1)
        realigned = realign(self.execution, self.store, self.pool, time)
        if realigned is None:
            return self._next_slot()
        if realigned.state is not None:
            self.state = realigned.state
        self.moved = Moved(self.slot + 1, realigned.told)
        return replace(self._next_slot(), realigned=realigned.told)

    def _next_slot(self) -> SlotOutcome:
        state = copied(self.state)
        self.spec.process_slots(state, state.slot + 1)
        proposer = int(self.spec.get_beacon_proposer_index(state))
        missed = self._reason_to_miss(state, proposer)
        if missed is None:
            outcome = self._propose(state, proposer)
        else:
            outcome = SlotOutcome(int(state.slot), proposer, None, missed)
        self.state = state
        self.store.add_state(state)
        self._attest()
        return outcome

    def _reason_to_miss(self, state: State, proposer: int) -> str | None:
        """Slots before Anvil's latest block cannot have one any more."""
        if self.execution.latest_timestamp() >= self.time_at(int(state.slot)):
            return "Anvil is ahead"
        return self.participation.reason_to_miss(state, proposer)

    def _propose(self, state: State, proposer: int) -> SlotOutcome:
        spec = self.spec
        recipient = self.fees.recipient(bytes(state.validators[proposer].pubkey))
        payment = self.fees.mev_payment_wei
        paid = submit_mev_payment(self.rpc, recipient, payment) if payment else None
        withdrawals = spec.get_expected_withdrawals(state).withdrawals
        swept = [Credit("0x" + bytes(w.address).hex(), int(w.amount)) for w in withdrawals]
        parent_root = bytes(spec.hash_tree_root(state.latest_block_header))
        time = self.time_at(int(state.slot))
        mined = self.execution.mine_slot(time, parent_root, recipient, swept)
        payload = fold_payload(spec, state, mined, withdrawals)
        requests = fold_requests(spec, mined)
        self.payloads.accept(payload, requests, parent_root)
        block = propose(
            spec,
            state,
            self._contents(state, payload, requests),
            self.participation,
            verify_signatures=self.config.verify_own_signatures,
        )
        return SlotOutcome(
            slot=int(state.slot),
            proposer=proposer,
            root=self.store.add_block(block),
            block_number=int(payload.block_number),
            transactions=len(mined.transactions),
            withdrawals=tuple(swept),
            mev_wei=payment if paid is not None and mev_was_paid(self.rpc, paid) else 0,
        )

    def _contents(self, state: State, payload: Any, requests: Any) -> Contents:
        attestations = self.pool.take_attestations(self.spec, state)
        operations = self.pool.take_operations(self.spec, state, payload)
        return Contents(payload, requests, attestations, operations)

    def _attest(self) -> None:
        """Have the committees of the slot attest to the head, for blocks to come."""
        attestation = attest(self.spec, self.state, self.head_root, self.participation)
        if attestation is not None:
            self.pool.attestations.append(attestation)


def start_chain(
    rpc: RpcClient,
    config: ChainConfig | None = None,
    validators: Sequence[GenesisValidator] | None = None,
) -> BeaconChain:
    """Begin a chain on top of Anvil's latest block; by default of the configuration's validators.

    Ethereum's own contracts are installed if Anvil lacks them. Their keys stay with the chain.
    """
    config = config or ChainConfig()
    prepare_execution(rpc)
    spec = load_spec(config)
    registered = list(validators or genesis_validators(config))
    state = genesis_state(spec, config, registered, rpc)
    header = state.latest_block_header.copy()
    header.state_root = spec.hash_tree_root(state)
    store = Store(spec)
    store.begin(bytes(spec.hash_tree_root(header)), state)
    # The time is kept, so that a later Anvil can be started at the same one.
    config = replace(config, genesis_time=int(state.genesis_time))
    chain = BeaconChain(config, spec, rpc, state, store)
    chain.keys.add(*(validator.key for validator in registered))
    return chain
