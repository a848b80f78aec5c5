"""A slot's beacon state from nodes that agree, believed because it hashes to the agreed root."""

from ssz.exceptions import SSZError

from keel.consensus.beacon.spec import Spec, spec_of_states
from keel.consensus.state.encoded_state import EncodedState, read_state
from keel.consensus.state.errors import EncodingError
from keel.consensus.state.tree import state_tree
from keel.errors import KeelError
from keel.nodes.agreed_beacon import AgreedBeacon, AgreedState


class StateRootError(KeelError):
    """The bytes of a state do not hash to the root that the nodes agree on."""

    def __init__(self, found: bytes, expected: bytes) -> None:
        super().__init__(f"the state hashes to 0x{found.hex()}, 0x{expected.hex()} expected")
        self.found = found
        self.expected = expected


def read_agreed_state(beacon: AgreedBeacon, slot: int) -> tuple[EncodedState, AgreedState]:
    """Return the first state that passes, read and as it came; raises NoAgreementError."""
    read: dict[bytes, EncodedState] = {}

    def root_of(fork: str, data: bytes) -> bytes:
        spec = spec_of_states(fork, beacon.network.preset)
        state, root = hashed_state(spec, data)
        read[root] = state
        return root

    agreed = beacon.state(slot, root_of)
    return read[agreed.root], agreed


def hashed_state(spec: Spec, data: bytes) -> tuple[EncodedState, bytes]:
    """Read a state and its root; raises EncodingError.

    `spec` need be that of the fork and preset only, whatever the chain's configuration.
    """
    state = read_state(spec, data)
    try:
        return state, state_tree(state).root
    except SSZError as error:
        raise EncodingError(f"a field of the state cannot be decoded: {error}") from error


def verified_state(spec: Spec, data: bytes, root: bytes) -> EncodedState:
    """Read a state whose bytes hash to this root; raises StateRootError and EncodingError."""
    state, found = hashed_state(spec, data)
    if found != root:
        raise StateRootError(found, root)
    return state


def staked_state_block(state: EncodedState) -> tuple[int, bytes]:
    """Number and hash of the execution block that the state names."""
    header = state.decoded("latest_execution_payload_header")
    return int(header.block_number), bytes(header.block_hash)


def state_slot(state: EncodedState) -> int:
    """The slot of a state."""
    return int(state.decoded("slot"))
