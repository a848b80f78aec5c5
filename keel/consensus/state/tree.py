"""The tree of a whole state: the large lists by numpy, the other fields by the specification."""

from dataclasses import dataclass

from keel.consensus.state.encoded_state import EncodedState
from keel.consensus.state.layout import (
    CHUNK_BYTES,
    Field,
    basic_bytes,
    chunk_depth,
)
from keel.consensus.state.merkle import (
    ListTree,
    MerkleTree,
    Progress,
    field_tree,
    merkle_tree,
    packed_chunks,
    record_roots,
)

BALANCES_A_CHUNK = 4


@dataclass(frozen=True)
class StateTree:
    """What roots and proofs need of a state: 80 MB for 1,000,000 validators.

    `header_fields` are the roots of the fields of the state's latest block header, with the state
    root filled in where the state leaves it open.
    """

    fields: MerkleTree
    validators: ListTree
    balances: ListTree
    block_roots: MerkleTree
    validators_position: int
    balances_position: int
    block_roots_position: int
    header_fields: MerkleTree

    @property
    def root(self) -> bytes:
        """hash_tree_root of the state."""
        return self.fields.root

    def validator_branch(self, index: int) -> tuple[bytes, ...]:
        """Siblings from a validator's root up to the state root."""
        return self.validators.branch(index) + self.fields.branch(self.validators_position)

    def balance_branch(self, index: int) -> tuple[bytes, ...]:
        """Siblings from the chunk of four balances up to the state root."""
        chunk = index // BALANCES_A_CHUNK
        return self.balances.branch(chunk) + self.fields.branch(self.balances_position)

    def block_root_branch(self, position: int) -> tuple[bytes, ...]:
        """Siblings from one of the roots of older blocks up to the state root."""
        return self.block_roots.branch(position) + self.fields.branch(self.block_roots_position)

    @property
    def header_slot(self) -> int:
        """Slot of the state's latest block."""
        return self._header_number(0)

    @property
    def header_proposer(self) -> int:
        """Index of the validator that proposed the state's latest block."""
        return self._header_number(1)

    def _header_number(self, position: int) -> int:
        return int.from_bytes(self.header_fields.leaf(position)[:8], "little")


def state_tree(state: EncodedState, progress: Progress | None = None) -> StateTree:
    """Hash a state; `progress` counts validators. Raises the specification's errors for fields."""
    layout = state.layout.state
    validators = validators_tree(state, progress)
    balances = balances_tree(state)
    block_roots = _block_roots_tree(state)
    known = {
        "validators": validators.root,
        "balances": balances.root,
        "block_roots": block_roots.root,
    }
    roots = [
        known[field.name] if field.name in known else _field_root(state, field)
        for field in layout.fields
    ]
    fields = field_tree(roots)
    return StateTree(
        fields,
        validators,
        balances,
        block_roots,
        layout.position("validators"),
        layout.position("balances"),
        layout.position("block_roots"),
        _header_fields(state, fields.root),
    )


def validators_tree(state: EncodedState, progress: Progress | None = None) -> ListTree:
    """The list of validators, whose leaves are the validators' roots."""
    record = state.layout.validator
    leaves = record_roots(state.spans["validators"], record, progress)
    depth = chunk_depth(_limit(state, "validators"), CHUNK_BYTES)
    return ListTree(merkle_tree(leaves, depth), len(leaves))


def balances_tree(state: EncodedState) -> ListTree:
    """The list of balances, four to a leaf."""
    return _numbers_tree(state, "balances", 8)


def _block_roots_tree(state: EncodedState) -> MerkleTree:
    roots = packed_chunks(state.spans["block_roots"])
    return merkle_tree(roots, chunk_depth(len(roots), CHUNK_BYTES))


def _field_root(state: EncodedState, field: Field) -> bytes:
    size = basic_bytes(field.type)
    if size is not None:
        return _numbers_tree(state, field.name, size).root
    return bytes(state.spec.hash_tree_root(state.decoded(field.name)))


def _numbers_tree(state: EncodedState, name: str, size: int) -> ListTree:
    data = state.spans[name]
    depth = chunk_depth(_limit(state, name), size)
    return ListTree(merkle_tree(packed_chunks(data), depth), len(data) // size)


def _limit(state: EncodedState, name: str) -> int:
    return int(state.layout.state.field(name).type.declared_limit())


def _header_fields(state: EncodedState, state_root: bytes) -> MerkleTree:
    header = state.decoded("latest_block_header")
    if not any(header.state_root):
        header.state_root = type(header.state_root)(state_root)
    names = type(header).model_fields
    return field_tree([bytes(state.spec.hash_tree_root(getattr(header, n))) for n in names])
