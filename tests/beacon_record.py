"""A beacon chain's validators in a small real state whose block EIP-4788 knows.

The specification makes the state once for each slot. Then only what proofs of keys need is hashed
anew: validators, balances, and what is above them. test_beacon_record.py compares the whole with
the specification's own root.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import groupby
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from keel.chain.clock import now
from keel.chain.rpc import RpcClient
from keel.chain.system_contracts import set_beacon_root
from keel.consensus.beacon.config import Fork
from keel.consensus.beacon.spec import State, list_of
from keel.consensus.deposit_data import is_compounding
from keel.consensus.state.encoded_state import EncodedState, read_state
from keel.consensus.state.merkle import as_nodes, field_tree
from keel.consensus.state.prover import ProvenBlock, Prover
from keel.consensus.state.tree import StateTree, balances_tree, state_tree, validators_tree
from tests.unit.consensus.state_examples import NEVER, spec_of, state_with

ETHER_GWEI = 10**9
LARGEST_BATCH = 256
STRANGERS = 5
"""Validators that were there before Keel, so that no batch of keys begins by itself."""

SHOWN_SLOT = 1_000
_STATE_ROOT = 3
"""Place of the state root in a block header."""

_BLANK = {
    "previous_epoch_participation": 1,
    "current_epoch_participation": 1,
    "inactivity_scores": 8,
}
"""Lists with an entry of so many bytes for each validator, all of them 0."""

type Arguments = tuple[Any, ...]


class BeaconValidator(NamedTuple):
    """The specification's Validator; as it stands, what 1 ETH to these credentials makes."""

    pubkey: bytes
    withdrawal_credentials: bytes
    effective_balance_gwei: int = ETHER_GWEI
    slashed: bool = False
    activation_eligibility_epoch: int = NEVER
    activation_epoch: int = NEVER
    exit_epoch: int = NEVER
    withdrawable_epoch: int = NEVER


@dataclass(frozen=True)
class Shown:
    """One state, and the arguments with which the registry takes its proofs."""

    prover: Prover
    block: ProvenBlock
    places: dict[bytes, int]

    def fresh(self, pubkeys: Iterable[bytes]) -> Iterator[Arguments]:
        """Arguments of `proveFresh` for all of these keys; each call is for one type and batch."""
        indices = [self.places[pubkey] for pubkey in pubkeys]
        for (compounding, _), together in groupby(sorted(indices, key=self._call), self._call):
            yield (self.block, *self.prover.fresh(list(together)), compounding)

    def _call(self, index: int) -> tuple[bool, int]:
        """Whether the credentials are of type 0x02, and the number of the largest batch."""
        credentials = bytes(self.prover.state.validators["withdrawal_credentials"][index])
        return is_compounding(credentials), index // LARGEST_BATCH

    def key(self, pubkey: bytes) -> Arguments:
        """Arguments of `proveKey`."""
        return (self.block, *self.prover.validator(self.places[pubkey]))

    def balance(self, pubkey: bytes) -> Arguments:
        """Arguments of `noteBalance` beside the key."""
        _, chunk, branch = self.prover.balance(self.places[pubkey])
        return (self.block, chunk, branch)


@dataclass
class BeaconRecord:
    """All validators of a beacon chain, in the order in which they came; strangers' first.

    A balance is what is effective where `balances_gwei` has no other one; `slot` is that of the
    block whose state is shown.
    """

    validators: list[BeaconValidator] = field(
        default_factory=lambda: [_stranger(number) for number in range(STRANGERS)]
    )
    balances_gwei: dict[bytes, int] = field(default_factory=dict)
    slot: int = SHOWN_SLOT

    @property
    def places(self) -> dict[bytes, int]:
        """Index of each public key."""
        return {validator.pubkey: index for index, validator in enumerate(self.validators)}

    def add(self, *validators: BeaconValidator) -> None:
        """Let the chain take deposits; a key that it knows keeps its credentials."""
        known = set(self.places)
        for validator in validators:
            if validator.pubkey not in known:
                self.validators.append(validator)
                known.add(validator.pubkey)

    def change(self, pubkey: bytes, **fields: Any) -> None:
        """Let something happen to one validator."""
        place = self.places[pubkey]
        self.validators[place] = self.validators[place]._replace(**fields)

    def show(self, rpc: RpcClient, fork: Fork = "fulu", slot: int | None = None) -> Shown:
        """Let EIP-4788 say that the state's block is the parent of the latest one."""
        shown_slot = self.slot if slot is None else slot
        prover = prover_of(self.validators, fork, self.balances_gwei, shown_slot)
        timestamp = now(rpc)
        set_beacon_root(rpc, timestamp, prover.tree.header_fields.root)
        return Shown(prover, prover.block(timestamp), self.places)


def prover_of(
    validators: Sequence[BeaconValidator],
    fork: Fork = "fulu",
    balances_gwei: Mapping[bytes, int] = MappingProxyType({}),
    slot: int = SHOWN_SLOT,
) -> Prover:
    """Put validators into the slot's state; what is effective is the balance unless named."""
    base = _base(fork, slot)
    records = _records(validators, base.state.layout.validator_dtype)
    balances = np.array(
        [balances_gwei.get(v.pubkey, v.effective_balance_gwei) for v in validators], "<u8"
    )
    spans = {
        "validators": memoryview(records.tobytes()),
        "balances": memoryview(balances.tobytes()),
        **{name: memoryview(bytes(each * len(validators))) for name, each in _BLANK.items()},
    }
    state = replace(
        base.state,
        spans=base.state.spans | spans,
        validators=np.frombuffer(spans["validators"], base.state.layout.validator_dtype),
        balances_gwei=balances,
    )
    return Prover(state, _rehashed(base.tree, state))


def whole_state(
    validators: Sequence[BeaconValidator], fork: Fork = "fulu", slot: int = SHOWN_SLOT
) -> State:
    """The same state by the specification alone."""
    spec, state = spec_of(fork), state_with(fork, [], [], slot)
    names = tuple(spec.Validator.model_fields)
    made = [spec.Validator(**dict(zip(names, fields, strict=True))) for fields in validators]
    state.validators = list_of(state, "validators", made)
    balances = [validator.effective_balance_gwei for validator in validators]
    state.balances = list_of(state, "balances", balances)
    for name in _BLANK:
        setattr(state, name, list_of(state, name, [0] * len(validators)))
    return state


def _rehashed(tree: StateTree, state: EncodedState) -> StateTree:
    validators, balances = validators_tree(state), balances_tree(state)
    roots = [tree.fields.leaf(place) for place in range(len(tree.fields.levels[0]))]
    roots[tree.validators_position] = validators.root
    roots[tree.balances_position] = balances.root
    for name in _BLANK:
        root = state.spec.hash_tree_root(state.decoded(name))
        roots[state.layout.state.position(name)] = bytes(root)
    fields = field_tree(roots)
    header = as_nodes([tree.header_fields.leaf(place) for place in range(5)]).copy()
    header[_STATE_ROOT] = np.frombuffer(fields.root, np.uint8)
    return replace(
        tree,
        fields=fields,
        validators=validators,
        balances=balances,
        header_fields=field_tree([bytes(leaf) for leaf in header]),
    )


def _records(validators: Sequence[BeaconValidator], kind: np.dtype[np.void]) -> NDArray[np.void]:
    records = np.zeros(len(validators), kind)
    for place, validator in enumerate(validators):
        records[place] = tuple(
            np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value
            for value in validator
        )
    return records


@cache
def _base(fork: Fork, slot: int) -> Prover:
    state = read_state(spec_of(fork), whole_state([], fork, slot).encode_bytes())
    return Prover(state, state_tree(state))


def _stranger(number: int) -> BeaconValidator:
    return BeaconValidator(
        bytes([0xEE, number]) * 24, b"\x01".ljust(32, bytes([number + 1])), 32 * ETHER_GWEI
    )
