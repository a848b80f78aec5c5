"""What a beacon state says of the recorded keys, read from its SSZ bytes by numpy.

REP-10: C counts a key's balance and its pending deposits, less what its validator will still lose
if it is slashed. A key with other withdrawal credentials than the vault's is `foreign`: its ether
can never come back, so it counts for nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keel.consensus.state.encoded_state import EncodedState
from keel.consensus.state.errors import EncodingError
from keel.consensus.state.layout import container_of
from keel.consensus.state.penalties import penalties_in_state
from keel.sight.agreed_state import staked_state_block, state_slot
from keel.sight.recorded_keys import Bytes, Recorded

NO_INDEX = 2**64 - 1
"""Index of a key that is no validator yet."""

_ADDRESS_PREFIXES = (1, 2)  # of credentials that end with the address which is paid (EIP-7251)
_ADDRESS_AT = 12  # in withdrawal credentials; the consensus layer ignores the bytes before it
_PREFIX_BYTES = 8  # of a public key: enough to find the few candidates

type Gwei = NDArray[np.uint64]
type Flags = NDArray[np.bool_]
type Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class ConsensusView:
    """A state at a reference slot; each column has one entry for each recorded key.

    `index` is NO_INDEX for a key that is no validator. `balance_gwei` is the validator's alone,
    `pending_gwei` that of its pending deposits, `penalty_gwei` what is expected that a slashed one
    still loses, at most its balance. `participation` has the previous epoch's flags, and
    `earned_weight` adds up their weights in the specification, at most `max_weight` (OPR-5).
    """

    ref_slot: int
    epoch: int
    block_number: int
    block_hash: bytes
    max_weight: int
    index: NDArray[np.uint64]
    balance_gwei: Gwei
    pending_gwei: Gwei
    penalty_gwei: Gwei
    effective_gwei: Gwei
    active: Flags
    exited: Flags
    slashed: Flags
    foreign: Flags
    participation: NDArray[np.uint8]
    earned_weight: NDArray[np.uint64]

    @property
    def known(self) -> Flags:
        """Keys that the state knows, as validators or by pending deposits."""
        known: Flags = (self.index != NO_INDEX) | (self.pending_gwei > 0)
        return known

    @property
    def worth_gwei(self) -> Gwei:
        """What each key would count in C: balance and pending deposits, less the penalty."""
        return self.balance_gwei + self.pending_gwei - self.penalty_gwei


def consensus_view(state: EncodedState, recorded: Recorded, credentials: bytes) -> ConsensusView:
    """Find the recorded keys in a state; `credentials` are `vault.withdrawalCredentials`.

    Raises EncodingError when lists of the state do not fit each other, and ValueError when a key is
    recorded twice, which the registry forbids (KEY-1).
    """
    slot = state_slot(state)
    epoch = slot // int(state.spec.SLOTS_PER_EPOCH)
    block_number, block_hash = staked_state_block(state)
    places = _places_of(recorded)
    at, index = find_validators(state, recorded)
    validators = state.validators[index]
    pending_gwei, deposits = _pending(state, places)
    sources = map(bytes, validators["withdrawal_credentials"])
    found = dict(zip(at.tolist(), sources, strict=True))
    foreign = np.isin(np.arange(len(recorded)), list(foreign_keys(found, deposits, credentials)))
    exited = validators["exit_epoch"] <= epoch
    active = (validators["activation_epoch"] <= epoch) & ~exited
    weights = [int(weight) for weight in state.spec.PARTICIPATION_FLAG_WEIGHTS]
    participation = _participation(state)[index]
    penalties_gwei = penalties_in_state(state)[index]
    empty = np.zeros(len(recorded), np.uint64)
    none = np.zeros(len(recorded), np.bool_)
    return ConsensusView(
        ref_slot=slot,
        epoch=epoch,
        block_number=block_number,
        block_hash=block_hash,
        max_weight=sum(weights),
        index=_put(np.full(len(recorded), NO_INDEX, np.uint64), at, index),
        balance_gwei=_put(empty, at, state.balances_gwei[index]),
        pending_gwei=pending_gwei,
        penalty_gwei=_put(empty, at, penalties_gwei),
        effective_gwei=_put(empty, at, validators["effective_balance"]),
        active=_put(none, at, active),
        exited=_put(none, at, exited),
        slashed=_put(none, at, validators["slashed"]),
        foreign=foreign,
        participation=_put(np.zeros(len(recorded), np.uint8), at, participation),
        earned_weight=_put(empty, at, earned_weights(participation, weights)),
    )


def earned_weights(participation: NDArray[np.uint8], weights: Sequence[int]) -> Gwei:
    """Add up the weights of the flags of each validator; bit n is worth `weights[n]`."""
    bits = participation[:, None] >> np.arange(len(weights), dtype=np.uint8) & 1
    earned: Gwei = (bits * np.array(weights, np.uint64)).sum(axis=1, dtype=np.uint64)
    return earned


def _put[T: np.generic](column: NDArray[T], at: Places, values: NDArray[Any]) -> NDArray[T]:
    filled = column.copy()
    filled[at] = values
    return filled


def _places_of(recorded: Recorded) -> dict[bytes, int]:
    places = {recorded.pubkey(place): place for place in range(len(recorded))}
    if len(places) != len(recorded):
        raise ValueError(f"{len(recorded)} recorded keys, {len(places)} of them different")
    return places


def find_validators(state: EncodedState, recorded: Recorded) -> tuple[Places, Places]:
    """Places of the recorded keys that are validators, and the validators' indices.

    A binary search by the first bytes of all keys leaves a few candidates to be compared whole.
    Raises ValueError when a key is recorded twice.
    """
    places = _places_of(recorded)
    keys = state.validators["pubkey"]
    wanted = np.unique(_prefixes(recorded.pubkeys))
    prefixes = _prefixes(keys)
    nearest = np.searchsorted(wanted, prefixes).clip(max=max(len(wanted) - 1, 0))
    same = wanted[nearest] == prefixes if len(wanted) else np.zeros(len(prefixes), np.bool_)
    found = {
        places[key]: candidate
        for candidate in np.flatnonzero(same).tolist()
        if (key := keys[candidate].tobytes()) in places
    }
    return np.array(list(found), np.int64), np.array(list(found.values()), np.int64)


def foreign_keys[Key](
    validators: Mapping[Key, bytes], pending: Iterable[tuple[Key, bytes]], own: bytes
) -> set[Key]:
    """Keys whose ether does not come back to the address of our own withdrawal credentials.

    `validators` holds the credentials of validators by key, `pending` those of pending deposits in
    the order of the state. The first deposit makes the validator and so decides until there is one;
    the registry stakes only on validators that were proven to be ours (KEY-6).
    """
    found: dict[Key, bytes] = {}
    for key, credentials in pending:
        found.setdefault(key, credentials)
    return {key for key, given in (found | dict(validators)).items() if not _pays(given, own)}


def _pays(credentials: bytes, own: bytes) -> bool:
    """Whether credentials let the consensus layer pay to the address of our own."""
    return credentials[0] in _ADDRESS_PREFIXES and credentials[_ADDRESS_AT:] == own[_ADDRESS_AT:]


def _pending(state: EncodedState, places: dict[bytes, int]) -> tuple[Gwei, list[tuple[int, bytes]]]:
    """Pending gwei of each key; the credentials of each pending deposit, with its key's place."""
    record = container_of(state.spec.PendingDeposit)
    data = state.spans["pending_deposits"]
    if len(data) % record.fixed_bytes:
        raise EncodingError(f"pending_deposits has {len(data)} bytes, no whole number of deposits")
    rows = np.frombuffer(data, np.uint8).reshape(-1, record.fixed_bytes)
    keys, sources, amounts = (
        rows[:, field.at : field.at + (field.size or 0)]
        for field in map(record.field, ("pubkey", "withdrawal_credentials", "amount"))
    )
    pending_gwei = np.zeros(len(places), np.uint64)
    deposits = []
    for row in range(len(rows)):
        place = places.get(keys[row].tobytes())
        if place is not None:
            deposits.append((place, sources[row].tobytes()))
            pending_gwei[place] += int.from_bytes(amounts[row].tobytes(), "little")
    return pending_gwei, deposits


def _participation(state: EncodedState) -> NDArray[np.uint8]:
    flags = np.frombuffer(state.spans["previous_epoch_participation"], np.uint8)
    if len(flags) != len(state.validators):
        raise EncodingError(f"{len(state.validators)} validators, but {len(flags)} participations")
    return flags


def _prefixes(pubkeys: Bytes) -> NDArray[np.uint64]:
    return np.ascontiguousarray(pubkeys[:, :_PREFIX_BYTES]).view(np.uint64).reshape(-1)
