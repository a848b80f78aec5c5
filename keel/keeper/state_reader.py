"""Read the newest beacon state, seldom: on a public network it has some hundred megabytes."""

from dataclasses import dataclass
from functools import cached_property
from itertools import batched

import numpy as np
from numpy.typing import NDArray

from keel.chain.rpc import RpcClient
from keel.chain.state import block_head
from keel.chain.system_contracts import WITHDRAWAL_REQUESTS
from keel.consensus.state.encoded_state import EncodedState
from keel.consensus.state.layout import container_of
from keel.consensus.state.prover import Prover
from keel.consensus.state.tree import state_tree
from keel.errors import KeelError
from keel.keeper.view import BeaconStanding, Validator
from keel.nodes.agreed_beacon import AgreedBeacon
from keel.sight.agreed_state import read_agreed_state, staked_state_block
from keel.sight.consensus_view import NO_INDEX, consensus_view
from keel.sight.recorded_keys import Recorded

# EIP-7002: where the system contract keeps its queue, and the words of one request in it.
_QUEUE_HEAD, _QUEUE_TAIL, _QUEUE_AT, _REQUEST_WORDS = 2, 3, 4, 3
_PUBKEY_END = 16  # of its 48 bytes, 32 stand in the second word; then the amount, then zeros


class StateBehindError(KeelError):
    """The state stands on an execution block that the execution nodes do not have."""


@dataclass(frozen=True, eq=False)
class ReadState:
    """A state that hashes to the agreed root, and the execution block that it names."""

    slot: int
    encoded: EncodedState
    block_number: int
    block_hash: str

    @cached_property
    def prover(self) -> Prover:
        """Its proofs; the tree of 1,000,000 validators takes some seconds and 80 MB."""
        return Prover(self.encoded, state_tree(self.encoded))


class StateReader:
    """Keeps the last state, and reads a new one when it is `most_age_slots` old or was replaced."""

    def __init__(self, beacon: AgreedBeacon, rpc: RpcClient, most_age_slots: int) -> None:
        self._beacon = beacon
        self._rpc = rpc
        self._most_age_slots = most_age_slots
        self._kept: ReadState | None = None

    @property
    def kept(self) -> ReadState | None:
        """The last state, if it stood when it was asked for last."""
        return self._kept

    def state(self, slot: int, *, not_before: int = 0) -> ReadState:
        """Return a slot's state, or the one kept; raises NodeError, StateBehindError.

        It is of no slot `not_before` this one.
        """
        kept = self._kept
        first_slot = max(not_before, slot - self._most_age_slots + 1)
        is_young = kept is not None and first_slot <= kept.slot <= slot
        if kept is not None and is_young and self._stands(kept):
            return kept
        self._kept = None
        read = self._read(slot)
        if not self._stands(read):
            raise StateBehindError(
                f"the state of slot {read.slot} names block {read.block_number} "
                f"({read.block_hash}), which the execution nodes do not have"
            )
        self._kept = read
        return read

    def _stands(self, state: ReadState) -> bool:
        if self._rpc.call("eth_getBlockByNumber", hex(state.block_number), False) is None:
            return False
        return block_head(self._rpc, state.block_number).hash == state.block_hash

    def _read(self, slot: int) -> ReadState:
        state, _ = read_agreed_state(self._beacon, slot)
        number, block_hash = staked_state_block(state)
        return ReadState(slot, state, number, "0x" + block_hash.hex())


def standing_of(
    state: ReadState,
    recorded: Recorded,
    credentials: bytes,
    shard_committee_period: int,
    queued_requests: frozenset[bytes],
) -> BeaconStanding:
    """How the recorded keys stand in a state."""
    view = consensus_view(state.encoded, recorded, credentials)
    partials, moving = _partials(state.encoded), _moving_gwei(state.encoded)
    absent = _absent(state.encoded, view.epoch)
    entries = state.encoded.validators
    validators = []
    for place in np.flatnonzero(view.index != NO_INDEX).tolist():
        index = int(view.index[place])
        entry = entries[index]
        validators.append(
            Validator(
                index=index,
                pubkey=recorded.pubkey(place),
                operator_id=int(recorded.operator_ids[place]),
                balance_gwei=int(view.balance_gwei[place]) + moving.get(index, 0),
                effective_gwei=int(view.effective_gwei[place]),
                activation_epoch=int(entry["activation_epoch"]),
                exit_epoch=int(entry["exit_epoch"]),
                withdrawable_epoch=int(entry["withdrawable_epoch"]),
                slashed=bool(view.slashed[place]),
                is_ours=not view.foreign[place],
                has_partials=index in partials,
                is_absent=bool(absent[index]),
            )
        )
    return BeaconStanding(
        slot=state.slot,
        epoch=view.epoch,
        block_number=state.block_number,
        shard_committee_period=shard_committee_period,
        validators=tuple(validators),
        consensus_gwei=sum(view.worth_gwei[~view.foreign].tolist()),
        queued_requests=queued_requests,
    )


def queued_requests(rpc: RpcClient, block_number: int, source: str) -> frozenset[bytes]:
    """Public keys whose exits wait in the contract of EIP-7002 after a block, asked by `source`.

    The chain ignores requests of another address than the credentials'.
    """

    def words(slots: range) -> list[bytes]:
        at = hex(block_number)
        asked = [("eth_getStorageAt", (WITHDRAWAL_REQUESTS, hex(slot), at)) for slot in slots]
        return [bytes.fromhex(answer[2:]).rjust(32, b"\0") for answer in rpc.batch(asked)]

    head, tail = (int.from_bytes(word) for word in words(range(_QUEUE_HEAD, _QUEUE_TAIL + 1)))
    first, last = (_QUEUE_AT + _REQUEST_WORDS * place for place in (head, tail))
    if first == last:
        return frozenset()
    found = words(range(first, last))
    asker = bytes.fromhex(source[2:]).rjust(32, b"\0")
    return frozenset(
        key + rest[:_PUBKEY_END]
        for asked_by, key, rest in batched(found, _REQUEST_WORDS)
        if asked_by == asker and not int.from_bytes(rest[_PUBKEY_END:])
    )


def _partials(state: EncodedState) -> frozenset[int]:
    """Indices of validators with a partial withdrawal that waits (EIP-7002)."""
    (indices,) = _columns(
        state,
        "pending_partial_withdrawals",
        state.spec.PendingPartialWithdrawal,
        ("validator_index",),
    )
    return frozenset(indices)


def _absent(state: EncodedState, epoch: int) -> NDArray[np.bool_]:
    """Who was active and took part in nothing in the epoch before; nobody in a leak."""
    entries, spec = state.validators, state.spec
    finalised = int.from_bytes(state.spans["finalized_checkpoint"][:8], "little")
    is_leak = epoch - 1 - finalised > spec.MIN_EPOCHS_TO_INACTIVITY_PENALTY
    flags = np.frombuffer(state.spans["previous_epoch_participation"], np.uint8)
    was_active = (entries["activation_epoch"] < epoch) & (epoch <= entries["exit_epoch"])
    is_absent: NDArray[np.bool_] = was_active & (flags == 0) & (not is_leak)
    return is_absent


def _moving_gwei(state: EncodedState) -> dict[int, int]:
    """What pending consolidations (EIP-7251) take from sources and give to targets, by index."""
    sources, targets = _columns(
        state,
        "pending_consolidations",
        state.spec.PendingConsolidation,
        ("source_index", "target_index"),
    )
    moving: dict[int, int] = {}
    for source, target in zip(sources, targets, strict=True):
        entry = state.validators[source]
        if entry["slashed"]:
            continue  # process_pending_consolidations passes it over
        moved_gwei = min(int(state.balances_gwei[source]), int(entry["effective_balance"]))
        moving[source] = moving.get(source, 0) - moved_gwei
        moving[target] = moving.get(target, 0) + moved_gwei
    return moving


def _columns(
    state: EncodedState, name: str, record: type, fields: tuple[str, ...]
) -> tuple[list[int], ...]:
    """Whole numbers of a list of records, a column for each field."""
    layout = container_of(record)
    rows = np.frombuffer(state.spans[name], np.uint8).reshape(-1, layout.fixed_bytes)
    places = (layout.field(field).at for field in fields)
    return tuple(
        np.ascontiguousarray(rows[:, at : at + 8]).view("<u8").ravel().tolist() for at in places
    )
