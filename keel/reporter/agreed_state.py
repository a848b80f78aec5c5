"""A slot's beacon state from nodes that agree, believed because it hashes to the agreed root."""

from keel.consensus.beacon.errors import ConfigError
from keel.consensus.beacon.spec import spec_of_states
from keel.consensus.state.errors import StateError
from keel.consensus.state.reading import EncodedState
from keel.nodes.agreed_beacon import AgreedBeacon, AgreedState
from keel.reporter.view import StateRootError, verified_state


def read_agreed_state(beacon: AgreedBeacon, slot: int) -> tuple[EncodedState, AgreedState]:
    """Return the first state that passes, read and as it came; raises NoAgreementError."""
    read: list[EncodedState] = []

    def check(found: AgreedState) -> str | None:
        try:
            spec = spec_of_states(found.fork, beacon.network.preset)
            read.append(verified_state(spec, found.data, found.root))
        except (StateRootError, StateError, ConfigError) as error:
            return str(error)
        return None

    agreed = beacon.state(slot, check)
    return read[-1], agreed
